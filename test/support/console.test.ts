// The keyboard that the tests have at a machine's console, on a shell of which only the prompts are real.
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { consoleOf } from "../vm/console.ts";

test("types at the prompt that Enter has brought, each line once, and hears what is said between", async () => {
  const heard: string[] = [];
  const line = new Duplex({
    read: () => undefined,
    write: (chunk, _encoding, done) => {
      heard.push(String(chunk));
      line.push(`said ${heard.length}\r\nsh-5.2# `);
      done();
    },
  });
  const console = consoleOf(line, new Promise(() => undefined), 2000);
  await console.enterUntil(/# $/);
  const said = await console.typeAt(/# $/, "mount -o remount,rw /\nexit\n");
  expect(said).toBe("said 2\nsh-5.2# said 3\nsh-5.2# ");
  expect(heard).toEqual(["\r", "mount -o remount,rw /\r", "exit\r"]);
});
