#!/usr/bin/env node
// portreservectl: hands the command line over and exits with the answer; the only place that exits.
import { readFileSync, writeSync } from "node:fs";
import { isPluginCall } from "./cli/plugin-mode.ts";

const args = process.argv.slice(2);

function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** How standard error is written to; by the verbs' own way as soon as they are there. */
let told = (text: string): string => text;

function reportBug(error: unknown): never {
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = [
    "portreservectl: error: this is a bug in portreservectl, not in your configuration",
    `version: ${version()}, node ${process.version}, ${process.platform} ${process.arch}`,
    `arguments: ${JSON.stringify(args)}`,
    details,
    "hint: report these lines, together with the files of /etc/portreserve",
  ];
  write(2, told(`${lines.join("\n")}\n`));
  if (!isPluginCall(args)) process.exit(70);
  write(1, "PORTRESERVE UNKNOWN - this is a bug in portreservectl: its standard error has the details\n");
  process.exit(3);
}

/** A reader that went away is no error; a full disk is. */
function write(descriptor: 1 | 2, text: string): void {
  try {
    writeSync(descriptor, text);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPIPE")) process.exitCode = 3;
  }
}

async function main(): Promise<void> {
  // Worth a way of its own: scripts ask for the version often, and nothing else has to be loaded for it.
  if (args.length === 1 && ["--version", "-V", "version"].includes(args[0] ?? "")) {
    write(1, `${version()}\n`);
    return;
  }
  process.on("uncaughtException", reportBug);
  const { forStandardError, runCli } = await import("./cli/run-cli.ts");
  told = forStandardError;
  process.exit(await runCli(args, version));
}

main().catch(reportBug);
