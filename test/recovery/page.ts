// Reads docs/recovery.md, so that the tests apply what the page says, word for word.
import { readFileSync } from "node:fs";
import path from "node:path";

/** All of it. */
export const page = readFileSync(path.resolve(import.meta.dirname, "../../docs/recovery.md"), "utf8");

/** The fenced blocks: "```sh NAME" is the block NAME. */
export const blocks: readonly { readonly name: string; readonly text: string }[] = [
  ...page.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm),
].map(([, info = "", text = ""]) => ({ name: info.replace(/^sh /, ""), text }));

/** The commands of one block, with a value for each of its places, such as PID. */
export function cure(name: string, places: Readonly<Record<string, string>> = {}): string {
  const block = blocks.find((candidate) => candidate.name === name);
  if (block === undefined) throw new Error(`docs/recovery.md has no block '${name}'`);
  return Object.entries(places).reduce((text, [place, value]) => {
    if (!text.includes(place)) throw new Error(`the block '${name}' has no ${place}`);
    return text.replaceAll(place, value);
  }, block.text);
}

export interface Row {
  readonly says: string;
  readonly status: number;
  readonly library: string;
}

/** The tables "what a program says | its status | the library", as one. */
export const rows: readonly Row[] = [...page.matchAll(/^\| (`.*?`) \| (\d+) \| (.*?) \|$/gm)].map(
  ([, says = "", status, library = ""]) => ({
    says: says.replace(/^`+ ?| ?`+$/g, ""),
    status: Number(status),
    library,
  }),
);
