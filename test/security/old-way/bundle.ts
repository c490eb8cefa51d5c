// Bundles a manager that starts programs as of old: the control of every attack, made from the sources with some modules replaced.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { rolldown } from "rolldown";

const root = path.resolve(import.meta.dirname, "../../..");

/** Each file of src/ that has one of the same name here: "system/start-program.ts" is replaced by "system/start-program.ts". */
function replaced(): ReadonlyMap<string, string> {
  const names = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" });
  return new Map(
    names
      .filter((name) => name.endsWith(".ts") && name.includes("/"))
      .map((name) => {
        const original = path.join(root, "src", name);
        if (!existsSync(original)) throw new Error(`there is no '${original}' to replace`);
        return [original, path.join(import.meta.dirname, name)];
      }),
  );
}

/** Writes the bundle to `output`. */
export async function bundleTheOldWay(output: string): Promise<void> {
  const old = replaced();
  const used = new Set<string>();
  const bundle = await rolldown({
    cwd: root,
    input: "src/main.ts",
    platform: "node",
    plugins: [
      {
        name: "the old way",
        resolveId(source, importer) {
          if (!source.startsWith(".") || importer === undefined) return null;
          const file = path.resolve(path.dirname(importer), source);
          const instead = old.get(file);
          // What replaces a module may use the rest of it.
          if (instead === undefined || importer === instead) return null;
          used.add(file);
          return instead;
        },
      },
    ],
  });
  const made = await bundle.generate({ format: "esm", codeSplitting: false });
  await bundle.close();
  const unused = [...old.keys()].filter((file) => !used.has(file));
  if (unused.length > 0) throw new Error(`nothing imports ${unused.join(", ")}`);
  writeFileSync(output, made.output[0].code);
}
