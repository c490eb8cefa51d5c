// status --watch: shows what has changed and nothing else, on a terminal and for scripts, and ends quietly when it is to end.
import path from "node:path";
import { describe, expect, test } from "vitest";
import { named, skipReason } from "../support/can.ts";
import { noHost, onHost } from "../support/host.ts";
import { schemaFaults } from "../support/schema.ts";

const reason = (await noHost()) ?? skipReason({ program: "python3", package: "python3" });
const WATCHERS = path.join(import.meta.dirname, "status-watch.py");

/** What status-watch.py says that its watchers were told. */
async function watched<T>(scene: "signals" | "early" | "changes" | "terminal"): Promise<T> {
  const step = await onHost(`step watched python3 -B "$WATCHERS" ${scene}`, {
    environment: { WATCHERS },
  });
  const { status, stdout, stderr } = step("watched");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout) as T;
}

interface End {
  readonly status: number;
  readonly stderr: string;
}

interface Document {
  readonly time: string;
  readonly totals: { readonly reserved: number };
  readonly table: { readonly state: string };
}

describe.skipIf(reason !== undefined)(named("status --watch", reason), () => {
  test("ends with 0 and without a word by SIGINT and by SIGTERM; other signals kill it", async () => {
    const quiet = { status: 0, stderr: "", more: "" };
    expect(await watched("signals")).toEqual({
      documents: ["status", "status", "status"],
      ends: { SIGINT: quiet, SIGTERM: quiet, SIGHUP: { ...quiet, status: -1 } },
    });
  });

  test("ends with 0 after its first document by a signal that comes while it looks", async () => {
    expect(await watched("early")).toEqual({ status: 0, stderr: "", more: ["status"] });
  });

  test("writes a document when something has changed, none when nothing has, and ends when nobody reads", async () => {
    const { looks, quiet, documents, gone, end } = await watched<{
      looks: number;
      quiet: string | null;
      documents: Document[];
      gone: End;
      end: End & { more: string };
    }>("changes");
    expect(looks).toBeGreaterThan(0);
    expect(quiet).toBe(null);
    expect(documents.flatMap((document) => schemaFaults("status", document))).toEqual([]);
    expect([documents[0]?.table.state, documents.at(-1)?.table.state]).toEqual(["missing", "fresh"]);
    expect([documents[0]?.totals.reserved, documents.at(-1)?.totals.reserved]).toEqual([2, 4]);
    const timeless = documents.map(({ time, ...rest }) => JSON.stringify(rest));
    expect(timeless.filter((text, at) => text === timeless[at - 1])).toEqual([]);
    expect(gone).toEqual({ status: 0, stderr: "" });
    expect(end).toEqual({ status: 0, stderr: "", more: "" });
  });

  test("draws the screen anew on a terminal until Ctrl-C; elsewhere an empty line is between two results", async () => {
    const { plain, drawn, screen, pipe } = await watched<{
      plain: [string, string];
      drawn: [string, string];
      screen: End & { shown: string };
      pipe: End & { more: string };
    }>("terminal");
    expect(plain.map((text) => text.split(" · ")[0])).toEqual([
      "2 ports reserved for 1 service",
      "4 ports reserved for 2 services",
    ]);
    const clear = "\u001b[H\u001b[2J";
    expect(screen).toEqual({ status: 0, stderr: "", shown: `${clear}${drawn[0]}${clear}${drawn[1]}` });
    expect(pipe).toEqual({ status: 0, stderr: "", more: `${plain[0]}\n${plain[1]}` });
  });
});
