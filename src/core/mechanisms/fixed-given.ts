// What an administrator has set already: a daemon's port in nfs.conf, among its arguments, or in a file of shell variables.
import type { SettingsFile } from "./settings.ts";

/** Settings of nfs.conf(5) and its folder, in the order in which they are read: the last one counts. */
export function nfsConfPort(files: readonly SettingsFile[], section: string, key: string): number | undefined {
  const values = files.flatMap(({ text }) => {
    let current = "";
    return text.split("\n").flatMap((line) => {
      const head = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line)?.[1];
      if (head !== undefined) current = head.toLowerCase();
      const [, name, value = ""] = /^\s*([A-Za-z][A-Za-z-]*)\s*=\s*"?([^"#;]*?)"?\s*(?:[#;].*)?$/.exec(line) ?? [];
      return current === section && name?.toLowerCase() === key ? [value] : [];
    });
  });
  return portIn(values.at(-1));
}

/** The options of these names: "--port 600", "--port=600", "-p 600", "-p600". The last one counts. */
export function optionPort(words: readonly string[], names: readonly string[]): number | undefined {
  const values = words.flatMap((word, at): (string | undefined)[] => {
    for (const name of names) {
      if (word === name) return [words[at + 1]];
      if (name.startsWith("--") && word.startsWith(`${name}=`)) return [word.slice(name.length + 1)];
      if (!name.startsWith("--") && /^[0-9]+$/.test(word.slice(name.length)) && word.startsWith(name)) {
        return [word.slice(name.length)];
      }
    }
    return [];
  });
  return portIn(values.at(-1));
}

/** A port from 1 to 65535; 0 is any, as if nothing were said. */
export function portIn(text: string | undefined): number | undefined {
  const port = /^[0-9]{1,5}$/.test(text ?? "") ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** Arguments with the variables of a unit in their places: `$X` alone is as many words as it has, `${X}` is a part of one. */
export function expandVariables(words: readonly string[], variables: ReadonlyMap<string, string>): readonly string[] {
  return words.flatMap((word) => {
    const alone = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(word)?.[1];
    if (alone !== undefined) return (variables.get(alone) ?? "").split(/\s+/).filter((part) => part !== "");
    return [word.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => variables.get(name) ?? "")];
  });
}

/** The words of a variable in a file that a shell reads; the last assignment counts. */
export function shellWords(text: string, variable: string): readonly string[] {
  const values = [...text.matchAll(new RegExp(`^[ \\t]*(?:export[ \\t]+)?${variable}=(.*)$`, "gm"))];
  const value = values.at(-1)?.[1] ?? "";
  return value
    .replace(/^(["'])(.*)\1.*$/, "$2")
    .split(/\s+/)
    .filter((word) => word !== "");
}

/** The value of an ExecStart= with an option right behind the program of this name; undefined where that is not in it. */
export function withArgument(command: string, program: string, option: string): string | undefined {
  const at = new RegExp(`(^|\\s)([-@:+!|]*)(/\\S*/)?${program.replaceAll(".", "\\.")}(?=\\s|$)`).exec(command);
  // Behind '@' there is another name before the arguments.
  if (at === null || at[2]?.includes("@") === true) return undefined;
  const end = at.index + at[0].length;
  return `${command.slice(0, end)} ${option}${command.slice(end)}`;
}
