// Reads a page of docs, so that a test applies what the page says, word for word.
import { readFileSync } from "node:fs";
import path from "node:path";
import { packageRoot } from "../../src/core/native.ts";

/** The text of a fenced block by its name: "```sh NAME" opens the block NAME. Throws where the page has no such block, or two. */
export function blocksOf(file: string): (name: string) => string {
  const page = readFileSync(path.join(packageRoot, file), "utf8");
  const blocks = [...page.matchAll(/^```\S+ (\S+)\n([\s\S]*?)^```$/gm)];
  return (name) => {
    const [block, ...others] = blocks.filter(([, candidate]) => candidate === name);
    if (block?.[2] === undefined || others.length > 0)
      throw new Error(`${file} does not have just one block '${name}'`);
    return block[2];
  };
}
