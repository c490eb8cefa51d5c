// The configuration at its limits: a million reservations, ten thousand files, eight million wrong lines.
import { expect, test } from "vitest";
import { CLAIM_LIMIT } from "../../../src/core/config/claims.ts";
import { configure } from "../../../src/core/config/configure.ts";
import { FILE_DIAGNOSTICS } from "../../../src/core/config/diagnostic-store.ts";
import { diagnosticCount } from "../../../src/report/diagnostics.ts";
import { blacklistFile, configureText, errors, inputs, ownerFile, ports } from "../inputs.ts";

test("leaves out lines beyond the limit on reservations, in any file, and says so", () => {
  const lines = Math.floor(CLAIM_LIMIT / (2 * 65535));
  const owners = [ownerFile("a", "1-65535\n".repeat(lines + 1)), ownerFile("c", "1-65535\n631\n")];
  const configuration = configure(inputs({ owners, blacklist: blacklistFile("700\n") }));
  const tooMany = configuration.diagnostics.filter(({ severity }) => severity === "error");
  const text = "1-65535";
  const place = { column: 1, length: 7, text };
  const common = {
    severity: "error",
    code: "too-many-reservations",
    message: "the files ask for more than 1000000 reservations, so this line is left out",
    hint: "write fewer or shorter ranges",
  };
  expect(tooMany).toEqual([
    { ...common, place: { file: "/etc/portreserve/a", line: lines + 1, ...place } },
    { ...common, place: { file: "/etc/portreserve/c", line: 1, ...place } },
  ]);
  const rows = configuration.reservations.filter(({ owner }) => owner !== "a");
  expect(rows.map(({ port, protocol, owner }) => `${port}/${protocol} ${owner}`)).toEqual([
    "631/tcp c",
    "631/udp c",
    "700/tcp bindresvport.blacklist",
    "700/udp bindresvport.blacklist",
  ]);
});

test("takes exactly the limit on reservations, and not one more", () => {
  const full = "1-50000\n".repeat(CLAIM_LIMIT / 100_000);
  const exact = configureText(full);
  expect(errors(exact)).toEqual([]);
  expect(exact.reservations.length).toBe(100_000);
  const more = configureText(`${full}60000/udp\n`);
  expect(more.reservations).toEqual(exact.reservations);
  expect(errors(more).map(({ code, place }) => [code, place?.line])).toEqual([["too-many-reservations", 11]]);
  const [last, ...others] = full
    .split("\n")
    .toReversed()
    .filter((line) => line !== "");
  const less = configureText([...others, "1-49999", "50000/tcp", "60000/udp", "60001/udp", last].join("\n"));
  expect(errors(less).map(({ code, place }) => [code, place?.line])).toEqual([
    ["too-many-reservations", 13],
    ["too-many-reservations", 14],
  ]);
});

test("reads 10,000 files of 10 lines into one table", () => {
  const owners = Array.from({ length: 10_000 }, (_, file) =>
    ownerFile(`o${file}`, Array.from({ length: 10 }, (_, line) => `${512 + ((file + line) % 512)}/tcp\n`).join("")),
  );
  const configuration = configure(inputs({ owners }));
  expect(configuration.diagnostics).toEqual([]);
  expect(configuration.reservations.length).toBe(100_000);
  expect(new Set(ports(configuration)).size).toBe(512);
});

test("gives equal diagnostics for 250 files of wrong lines in any order", { timeout: 60_000 }, () => {
  const owners = Array.from({ length: 250 }, (_, index) => ownerFile(`o${index}`, "x\n".repeat(32_700)));
  const configuration = configure(inputs({ owners }));
  expect(configuration.diagnostics.length).toBe(owners.length * (FILE_DIAGNOSTICS + 1));
  expect(diagnosticCount(configuration.diagnostics, "error")).toBe(250 * 32_700);
  expect(JSON.stringify(configuration).length).toBeLessThan(10_000_000);
  expect(configure(inputs({ owners: owners.toReversed() }))).toEqual(configuration);
});
