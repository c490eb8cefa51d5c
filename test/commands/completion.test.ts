// Completion scripts, run by the shells that are here.
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { verbs } from "../../src/cli/registry.ts";
import { MANAGED_MECHANISMS } from "../../src/commands/mechanisms/table.ts";
import { ctl } from "../support/cli.ts";

describe("completion", () => {
  test("for bash completes verbs and options", () => {
    const script = ctl(["completion", "bash"]).stdout;
    const complete = (...words: readonly string[]): string[] => {
      const program = `${script}\nCOMP_WORDS=(portreservectl ${words.join(" ")}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _portreservectl portreservectl "\${COMP_WORDS[COMP_CWORD]}"; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return spawnSync("bash", ["-c", program], { encoding: "utf8" }).stdout.trimEnd().split("\n");
    };
    expect(complete("co")).toEqual(["compile", "completion"]);
    expect(complete("compile", "--no-")).toEqual(["--no-blacklist", "--no-wait"]);
    expect(complete("run", "bas")).toContain("bash");
    expect(complete("--root", "/", "che")).toEqual(["check"]);
    expect(complete("--root", "/", "compile", "--str")).toEqual(["--strict"]);
    expect(complete("--root", "=", "/", "--json", "list", "--no-")).toEqual(["--no-blacklist"]);
    expect(complete("--root", "/et")).toContain("/etc");
    expect(complete("check", "--root", "/et")).toContain("/etc");
    expect(complete("status", "--output", "/et")).toContain("/etc");
    expect(complete("mechanisms", "apply", "nfs")).toEqual(["nfs-range"]);
    expect(complete("status", "--pro")).toEqual(["--prometheus"]);
    expect(complete("--js")).toEqual(["--json"]);
    expect(complete("help", "dem")).toEqual(["demo"]);
    expect(complete("completion", "z")).toEqual(["zsh"]);
  });

  test.each(["bash", "zsh", "fish"])("for %s names every verb", (shell) => {
    const { status, stdout } = ctl(["completion", shell]);
    expect(status).toBe(0);
    for (const { name } of verbs) expect(stdout).toMatch(new RegExp(`\\b${name}\\b`));
    for (const { name } of MANAGED_MECHANISMS) expect(stdout).toMatch(new RegExp(`\\b${name}\\b`));
  });
});
