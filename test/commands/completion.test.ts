// Completion scripts, run by the shells that are here.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { verbs } from "../../src/cli/registry.ts";
import { MANAGED_MECHANISMS } from "../../src/commands/mechanisms/table.ts";
import { named, skipFor } from "../support/can.ts";
import { ctl, scratch } from "../support/cli.ts";

const missing = (shell: string): string | undefined =>
  skipFor(
    spawnSync(shell, ["-c", "true"]).status === 0 ? undefined : `'${shell}' is missing: install the package ${shell}`,
  );
const noZsh = missing("zsh");
const noFish = missing("fish");

describe("completion", () => {
  test("for bash completes verbs and options", () => {
    const script = ctl(["completion", "bash"]).stdout;
    const complete = (...words: readonly string[]): string[] => {
      const program = `${script}\nCOMP_WORDS=(portreservectl ${words.join(" ")}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _portreservectl portreservectl "\${COMP_WORDS[COMP_CWORD]}"; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return spawnSync("bash", ["-c", program], { encoding: "utf8" }).stdout.trimEnd().split("\n");
    };
    expect(complete("co")).toEqual(["compile", "completion"]);
    expect(complete("compile", "--no-")).toEqual(["--no-blacklist", "--no-wait", "--no-color"]);
    expect(complete("run", "bas")).toContain("bash");
    expect(complete("--root", "/", "che")).toEqual(["check"]);
    expect(complete("--root", "/", "compile", "--str")).toEqual(["--strict"]);
    expect(complete("--root", "=", "/", "--json", "list", "--no-")).toEqual(["--no-blacklist", "--no-color"]);
    expect(complete("--root", "/et")).toContain("/etc");
    expect(complete("check", "--root", "/et")).toContain("/etc");
    expect(complete("status", "--output", "/et")).toContain("/etc");
    expect(complete("mechanisms", "apply", "nfs")).toEqual(["nfs-range"]);
    expect(complete("status", "--pro")).toEqual(["--prometheus"]);
    expect(complete("status", "--nag")).toEqual(["--nagios"]);
    expect(complete("--js")).toEqual(["--json"]);
    expect(complete("help", "dem")).toEqual(["demo"]);
    expect(complete("completion", "z")).toEqual(["zsh"]);
  });

  test("for bash completes owners and ports, units and processes of the host", () => {
    const folder = scratch();
    const script = ctl(["completion", "bash"]).stdout.replaceAll("/etc/portreserve", folder);
    for (const name of ["cups", "evil$(touch evil)", "dns"]) writeFileSync(path.join(folder, name), "");
    const host = `portreservectl() { printf 'PORT OWNER\\n631/tcp cups\\n'; }
systemctl() { printf 'cups.service enabled\\ncups.socket enabled\\nnfs.service disabled\\n'; }`;
    const complete = (...words: readonly string[]): string[] => {
      const program = `${script}\n${host}\ncd ${folder}; COMP_WORDS=(portreservectl ${words.join(" ")}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _portreservectl portreservectl "\${COMP_WORDS[COMP_CWORD]}"; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return spawnSync("bash", ["-c", program], { encoding: "utf8" }).stdout.trimEnd().split("\n");
    };
    expect(complete("lookup", "c")).toEqual(["cups"]);
    expect(complete("unhold", "6")).toEqual(["631/tcp"]);
    expect(complete("reserve", "cups.")).toEqual(["cups.service", "cups.socket"]);
    expect(complete("install", "--unit", "cups.service", "n")).toEqual(["nfs.service"]);
    expect(complete("verify", "--unit", "n")).toEqual(["nfs.service"]);
    expect(complete("verify", "--pid", String(process.pid))).toContain(String(process.pid));
    expect(complete("status", "--color", "=", "al")).toEqual(["always"]);
    expect(complete("lookup", "evil")).toEqual([""]);
    expect(existsSync(path.join(folder, "evil"))).toBe(false);
  });

  test.skipIf(noZsh !== undefined)(named("for zsh works at the first TAB, as a file of fpath", noZsh), () => {
    const folder = scratch();
    chmodSync(folder, 0o755);
    writeFileSync(path.join(folder, "_portreservectl"), ctl(["completion", "zsh"]).stdout);
    const typed = [
      `fpath=(${folder} $fpath); autoload -U compinit; compinit -u -D`,
      "portreservectl() { print -r -- GOT $# $@ }",
      "portreservectl unins\t--dry-r\t",
      "portreservectl --json mech\tappl\t",
      "portreservectl status --color alw\t",
      "exit",
    ];
    const { stdout } = spawnSync("script", ["-qec", "zsh -f -i", "/dev/null"], {
      encoding: "utf8",
      input: typed.map((line) => `${line}\n`).join(""),
      env: { PATH: process.env.PATH, TERM: "dumb", HOME: folder },
    });
    expect(stdout.match(/^GOT .*(?=\r$)/gm)).toEqual([
      "GOT 2 uninstall --dry-run",
      "GOT 3 --json mechanisms apply",
      "GOT 3 status --color always",
    ]);
  });

  test.skipIf(noFish !== undefined)(named("for fish completes verbs, options and values", noFish), () => {
    const script = ctl(["completion", "fish"]).stdout;
    const complete = (line: string): string[] =>
      spawnSync("fish", ["--no-config", "-c", `${script}\ncomplete -C '${line}'`], { encoding: "utf8" })
        .stdout.trimEnd()
        .split("\n")
        .map((one) => one.split("\t")[0] ?? "");
    expect(complete("portreservectl unins")).toEqual(["uninstall"]);
    expect(complete("portreservectl mechanisms appl")).toEqual(["apply"]);
    expect(complete("portreservectl status --pro")).toEqual(["--prometheus"]);
    expect(complete("portreservectl status --nagios --time")).toEqual(["--timeout"]);
    expect(complete("portreservectl status --color alw")).toEqual(["always"]);
  });

  test.each(["bash", "zsh", "fish"])("for %s names every verb", (shell) => {
    const { status, stdout } = ctl(["completion", shell]);
    expect(status).toBe(0);
    for (const { name } of verbs) expect(stdout).toMatch(new RegExp(`\\b${name}\\b`));
    for (const { name } of MANAGED_MECHANISMS) expect(stdout).toMatch(new RegExp(`\\b${name}\\b`));
  });
});
