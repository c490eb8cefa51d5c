// What the README promises a newcomer: the packages to have, and the two commands that then work.

export interface Promised {
  /** Debian's packages, beside Node and npm. */
  readonly packages: readonly string[];
  /** Builds everything and shows what it is for; for sh(1). */
  readonly demo: string;
  /** Runs the tests. */
  readonly test: string;
}

const SECTION = "See it happen";

/** Reads them from the README's text. Throws where they are not what they are said to be above. */
export function promisedBy(readme: string): Promised {
  const lines = readme.split("\n");
  const start = lines.indexOf(`## ${SECTION}`);
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith("## "));
  const section = start === -1 ? [] : lines.slice(start + 1, length === -1 ? undefined : start + 1 + length);
  const commands = section.filter((line) => line.startsWith("    ")).map((line) => line.replace(/\s+#.*$/, "").trim());
  const names = /^On Debian .*\bcompiler \(([^)]*)\)/m.exec(section.join("\n"))?.[1] ?? "";
  const packages = [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
  if (packages.length === 0) throw new Error(`the README's section '${SECTION}' names no packages in 'On Debian …'`);
  return {
    packages,
    demo: only(commands, "builds and shows the demo", /^npm ci && npx portreservectl demo\b/),
    test: only(commands, "runs the tests", /^npm test(\s|$)/),
  };
}

function only(commands: readonly string[], what: string, pattern: RegExp): string {
  const [first, ...more] = commands.filter((command) => pattern.test(command));
  if (first !== undefined && more.length === 0) return first;
  const found = commands.map((command) => `\n    ${command}`).join("");
  throw new Error(`the README's section '${SECTION}' must have one command that ${what}; it has:${found}`);
}
