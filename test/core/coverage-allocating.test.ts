// Which objects hand out privileged ports themselves, and by which functions.
import { expect, test } from "vitest";
import { allocates } from "../../src/coverage/allocating.ts";
import type { ElfFacts } from "../../src/coverage/facts.ts";
import { elf } from "./coverage-facts.ts";

const OWN = ["bindresvport", "rresvport"];

test.each<[string, Partial<ElfFacts>, readonly string[]]>([
  ["a file that has none of them", {}, []],
  [
    "a caller",
    { isProgram: true, calls: ["bindresvport@GLIBC_2.2.5", "bindresvport_sa@TIRPC_0.3.0"] },
    ["bindresvport", "bindresvport_sa"],
  ],
  ["a caller of an old client", { calls: ["clnttcp_create@GLIBC_2.2.5"] }, ["clnttcp_create"]],
  ["a caller of libtirpc's client of that name", { calls: ["clnttcp_create@TIRPC_0.3.0", "clnt_create"] }, []],
  [
    "a library that calls its own through a slot",
    { soname: "libtirpc.so.3", defines: OWN, interposable: ["bindresvport"] },
    ["bindresvport"],
  ],
  ["a library bound to its own", { soname: "libtirpc.so.3", defines: OWN }, OWN],
  ["glibc", { soname: "libc.so.6", defines: [...OWN, "rcmd@GLIBC_2.2.5"] }, []],
  [
    "a program that calls itself glibc",
    { soname: "libc.so.6", isProgram: true, calls: ["rcmd@GLIBC_2.2.5"] },
    ["rcmd"],
  ],
  ["the shim", { soname: "libportreserve.so", defines: OWN, marker: "portreserve 0.1.0 table 1" }, []],
  [
    "a static program with one in it",
    { isProgram: true, isStatic: true, contains: ["bindresvport"] },
    ["bindresvport"],
  ],
  [
    "a stripped static program",
    { isProgram: true, isStatic: true, contains: { unseen: "it has no symbol table", rootWould: false } },
    [],
  ],
])("says by what %s allocates", (_, change, names) => {
  expect(allocates(elf({ needed: ["libc.so.6"], ...change }))).toEqual(names);
});
