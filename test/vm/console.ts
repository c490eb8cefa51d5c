// A machine's serial console: what it says, and a keyboard.
import type { Duplex } from "node:stream";
import { stripVTControlCharacters } from "node:util";

export interface Console {
  /** All that has been said, with "\n" between lines, and without what is for a terminal. */
  readonly text: () => string;
  /**
   * Waits until something matches in what has been said since the last match, and returns all of that. Throws, with the console,
   * when the machine ends before, or says nothing of the kind.
   */
  readonly until: (pattern: RegExp) => Promise<string>;
  /** One line, as if somebody typed it. */
  readonly type: (line: string) => void;
  /**
   * Enter, as often as it takes until something matches in what is said then, which is still to be seen by what comes next: who
   * asks for Enter may throw away what came before it began to read, as sulogin does.
   */
  readonly enterUntil: (pattern: RegExp) => Promise<void>;
  /**
   * Types each line of a block once the prompt is there, waits for the prompt after it, and returns what was said between. Presses
   * Enter where none comes after a command: the kernel may have said something right behind it.
   */
  readonly typeAt: (prompt: RegExp, block: string) => Promise<string>;
}

/** What programs have said: the kernel's own lines may stand in the middle of theirs, and are left out. */
export function wordsOf(text: string): string {
  return text.replace(/\[ *\d+\.\d{6}\] .*\n/g, "");
}

/** In milliseconds, until Enter is pressed once more; longer than a shell takes to start. */
const AGAIN = 30_000;

/** `gone`: why the machine has ended. `patience`: milliseconds that only a machine that hangs takes. */
export function consoleOf(line: Duplex, gone: Promise<string>, patience: number): Console {
  let raw = "";
  let said = "";
  let seen = 0;
  let look = (): void => undefined;
  line.setEncoding("utf8").on("data", (text: string) => {
    // BusyBox asks after each prompt where the cursor is.
    raw += text;
    said = stripVTControlCharacters(raw).replaceAll("\r", "");
    look();
  });
  // Somebody who is gone cannot be typed to.
  line.on("error", () => undefined);

  const until = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const fail = (reason: string): void => done(() => reject(new Error(`${reason}: no ${pattern}\n${said}`)));
      const timer = setTimeout(() => fail(`nothing for ${patience} ms`), patience);
      const done = (end: () => void): void => {
        clearTimeout(timer);
        look = () => undefined;
        end();
      };
      look = () => {
        const found = pattern.exec(said.slice(seen));
        if (found === null) return;
        const from = seen;
        seen += found.index + found[0].length;
        done(() => resolve(said.slice(from, seen)));
      };
      look();
      // What it has said last may be on its way still, but nobody is there to say more.
      void gone.then((reason) => setImmediate(() => fail(reason)));
    });
  const type = (text: string): void => void line.write(`${text}\r`);
  const pressing = async (pattern: RegExp): Promise<string> => {
    const again = setInterval(() => type(""), AGAIN);
    try {
      return await until(pattern);
    } finally {
      clearInterval(again);
    }
  };
  return {
    text: () => said,
    until,
    type,
    enterUntil: async (pattern) => {
      type("");
      await pressing(new RegExp(`(?=${pattern.source})`));
    },
    typeAt: async (prompt, block) => {
      await until(prompt);
      let answers = "";
      for (const command of block.trimEnd().split("\n")) {
        type(command);
        answers += await pressing(prompt);
      }
      return answers;
    },
  };
}
