// Our reading of unit files, and what we write into them, against systemd's own.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dropInPath, dropInText } from "../../src/core/systemd/drop-in.ts";
import { dropInFolders, inReadingOrder } from "../../src/core/systemd/drop-in-order.ts";
import { entryOf, findEntry } from "../../src/core/systemd/environment.ts";
import { fromFiles } from "../../src/core/systemd/from-files.ts";
import { named, skipReason } from "../support/can.ts";
import { dumpDropIns, dumpUnits, MANAGER } from "./systemd-dump.ts";

const SHIM = "/usr/$LIB/portreserve/libportreserve.so";
const HEAD = "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/true\n";

const noSystemd = MANAGER === undefined ? skipReason({ program: "systemd-analyze", package: "systemd" }) : undefined;

/** What we read, in the form of the manager's dump. */
function ours(unit: string, texts: readonly string[]) {
  const read = fromFiles(
    unit,
    texts.map((text, index) => ({ path: `/${index}`, text })),
  );
  return {
    environment: read.environment.map(({ name, value }) => `${name}=${value}`),
    environmentFiles: read.environmentFiles.map((file) => (file.optional ? "-" : "") + file.path),
    unsetEnvironment: read.unsetEnvironment,
    passEnvironment: read.passEnvironment,
    rootDirectory: read.rootDirectory ?? "/",
    user: read.user,
  };
}

const CASES: Readonly<Record<string, string>> = {
  "plain words": "Environment=A=1 B=2\nEnvironment=A=3 C=",
  "both quotes, around words and within them": `Environment="A=b c" 'B=$HOME "x"' C='x'y"z w" ""`,
  "escapes of every kind": String.raw`Environment=A=\x41\102\u20ac\U0001F600\s\\\"\' "B=a\tb" C=\xe2\x82\xac`,
  "words before an unknown escape": String.raw`Environment=A=1 B=\q C=3`,
  "words before a quote that never ends": `Environment=A=1 "B=2 C=3\nEnvironment=D=4`,
  "no assignment that is not one": "Environment=A=1 2B=x =x C D-E=x F=4",
  "no value that is not UTF-8": String.raw`Environment=A=\xff B=2 C=\xc3 D=4`,
  "control characters in values": String.raw`Environment=A=\x01 "B=x\ty" C=\r D=\x7f\x1b E=5`,
  specifiers: "Environment=A=%% B=%n C=%N D=%p E=[%i] F=%j",
  "no word with an unknown specifier": "Environment=A=%z B=2 C=%",
  "a percent sign that begins nothing": "Environment=A=%- B=50% C=%_x",
  "an empty assignment as a new start": "Environment=A=1\nEnvironment=\nEnvironment=B=2",
  "continued lines": 'Environment="A=b \\\n   c" \\\n# comment\n  ; another\n  B=2 \\\n\nEnvironment=C=x\\\ny',
  "an even number of backslashes as no continuation": "Environment=A=x\\\\\nEnvironment=B=2",
  "a comment with a backslash at its end": "# comment \\\nEnvironment=A=1",
  "blanks around keys and values": "  Environment =  A=1\t \n\tEnvironment\t=B=2",
  "only the section Service": "Environment=A=1\n[Install]\nEnvironment=B=2\n[Service]\nEnvironment=C=3",
  "lines that end in carriage returns": "Environment=A=1\r\nEnvironment=B=2 \\\r\n C=3\r\n",
  "environment files": "EnvironmentFile=-/a b%%\nEnvironmentFile=rel\nEnvironmentFile=/x/*.conf\nEnvironmentFile=/%n",
  "environment files after an empty one": "EnvironmentFile=/a\nEnvironmentFile=\nEnvironmentFile=-/b",
  "UnsetEnvironment= and PassEnvironment=": 'UnsetEnvironment=LD_PRELOAD "A=b c"\nPassEnvironment=LD_PRELOAD PATH',
  "empty UnsetEnvironment= and PassEnvironment=":
    "UnsetEnvironment=A\nUnsetEnvironment=\nPassEnvironment=B\nPassEnvironment=",
  "another root and user": "RootDirectory=/srv/%p\nUser=daemon",
  "root and user taken back": "RootDirectory=/srv\nRootDirectory=\nUser=daemon\nUser=",
  "the host's root as no other root": "RootDirectory=/",
};

describe.skipIf(noSystemd !== undefined)(named("systemd agrees", noSystemd), () => {
  const names = Object.keys(CASES);
  const unitOf = (name: string): string => `a-case${names.indexOf(name)}.service`;
  const texts = new Map(names.map((name) => [name, `${HEAD}${CASES[name]}\n`]));
  let dumps: ReturnType<typeof dumpUnits> | undefined;
  const dump = () => {
    dumps ??= dumpUnits(Object.fromEntries(names.map((name) => [unitOf(name), texts.get(name) ?? ""])));
    return dumps;
  };

  test.each(names)("on %s", (name) => {
    const text = texts.get(name) ?? "";
    expect(ours(unitOf(name), [text])).toEqual(dump().get(unitOf(name)));
  });

  test("on instances and their drop-ins, in the order of their names", () => {
    const files = {
      "x-y@.service": `${HEAD}Environment=A=%i B=%p C=%j\n`,
      "x-y@.service.d/10-first.conf": "[Service]\nEnvironment=A=10 D=%N\n",
      "x-y@b.service.d/20-second.conf": "[Service]\nEnvironment=D=20\nEnvironmentFile=/e\n",
    };
    const found = dumpUnits({ ...files, "pull.service": `${HEAD}\n[Unit]\nWants=x-y@b.service\n` });
    expect(ours("x-y@b.service", Object.values(files))).toEqual(found.get("x-y@b.service"));
    expect(found.get("x-y@b.service")?.environment).toEqual(["A=10", "B=x-y", "C=y", "D=20"]);
  });

  test("on a thousand settings of random words", () => {
    const pieces = [
      ..."QK= \t\"'\\%$;#-",
      "Q=",
      " K=",
      '"Q=',
      "\\x51",
      "\\x",
      "\\u00e9",
      "\\n",
      "%%",
      "%n",
      "%z",
      "é",
      "\\\n",
      "\n#",
    ];
    const value = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((parts) => parts.join(""));
    const samples = fc.sample(value, { numRuns: 1000, seed: 631 });
    const files = Object.fromEntries(
      samples.map((sample, index) => [`r${index}.service`, `${HEAD}Environment=Z=1\nEnvironment=${sample}\n`] as const),
    );
    const found = dumpUnits(files);
    // The dump has a line for each value, so what has a line feed in it cannot be compared.
    const compared = Object.entries(files).filter(
      ([unit, text]) => !ours(unit, [text]).environment.join().includes("\n"),
    );
    expect(compared.length).toBeGreaterThan(800);
    const different = compared.filter(
      ([unit, text]) => JSON.stringify(ours(unit, [text])) !== JSON.stringify(found.get(unit)),
    );
    expect(
      different.map(([unit, text]) => [text, ours(unit, [text]).environment, found.get(unit)?.environment]),
    ).toEqual([]);
  });

  test("on every drop-in that we write, whatever was preloaded before", () => {
    const odd = [
      "/a b",
      "/q\"u'o",
      "/back\\slash",
      "/50%n",
      "/$ORIGIN/x",
      "/é\t",
      "  :/x::/y ",
      "#x",
      `${SHIM}:/z`,
      "\\x41",
    ];
    const units = odd.map((value, index) => ({ unit: `d${index}.service`, preload: entryOf(`LD_PRELOAD=${value}`) }));
    const found = dumpUnits(
      Object.fromEntries(
        units.flatMap(({ unit, preload }) => [
          [unit, HEAD],
          [dropInPath(unit), dropInText({ preload, shim: SHIM })],
        ]),
      ),
    );
    expect(units.map(({ unit }) => found.get(unit)?.environment)).toEqual(
      ["/a:b", "/q\"u'o", "/back\\slash", "/50%n", "/$ORIGIN/x", "/é\t", "/x:/y", "#x", "/z", "\\x41"].map((rest) => [
        `LD_PRELOAD=${SHIM}:${rest}`,
      ]),
    );
  });

  test("that a specifier of the unit's own value still is one in the drop-in", () => {
    const text = `${HEAD}Environment="LD_PRELOAD=%t/lib-%%.so /%p.so"\n`;
    const preload = findEntry(fromFiles("s.service", [{ path: "/s", text }]).environment, "LD_PRELOAD");
    const found = dumpUnits({ "s.service": text, [dropInPath("s.service")]: dropInText({ preload, shim: SHIM }) });
    const [, before] =
      /(\/.*)\/lib/.exec(dumpUnits({ "s.service": text }).get("s.service")?.environment[0] ?? "") ?? [];
    expect(before).toMatch(/^\/run/);
    expect(found.get("s.service")?.environment).toEqual([`LD_PRELOAD=${SHIM}:${before}/lib-%.so:/s.so`]);
  });

  test.each([
    "a.service",
    "a-b-c.service",
    "a-b@.service",
    "a-b@i-j.service",
    "-a--b.service",
    "a@i@j.service",
    "a-b@i.socket",
  ])("on the drop-ins of %s, their order, and which of one name wins", (unit) => {
    const folders = ["first", "second"];
    const shown = unit.replace("@.", "@portreserve.");
    const below = [...dropInFolders(shown), "x.service.d", "b.service.d", "target.d", "-.service.d"];
    const files = folders.flatMap((folder, side) =>
      below.flatMap((name, index) =>
        [`${side}${index}.conf`, `${index % 3}-same.conf`, "Z.conf", "a.conf", ".hidden.conf", "no.txt"].map(
          (file) => `${folder}/${name}/${file}`,
        ),
      ),
    );
    const mine = folders.flatMap((folder) =>
      dropInFolders(shown).flatMap((name) => files.filter((file) => file.startsWith(`${folder}/${name}/`))),
    );
    const theirs = dumpDropIns(shown, files, folders);
    expect(theirs.length).toBeGreaterThan(4);
    expect(inReadingOrder(mine)).toEqual(theirs);
  });
});
