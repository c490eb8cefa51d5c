// The configuration as a whole: order, repetitions, problems, limits and cost.
import { expect, test } from "vitest";
import { configure } from "../../src/core/config/configure.ts";
import { OWNER_FILE_LIMIT } from "../../src/core/config/owner-file.ts";
import { isOwnerName } from "../../src/core/config/owner-name.ts";
import type { Diagnostic } from "../../src/core/config/types.ts";
import { blacklistFile, configureText, inputs, ownerFile, ports } from "./inputs.ts";

test("gives each port, protocol, owner and file once, in order, with the first line that names it", () => {
  const owners = [ownerFile("b", "700/tcp\n"), ownerFile("a", "# x\n701/udp\n700-701/tcp\nipp/tcp\n700/tcp\n701\n")];
  const configuration = configure(inputs({ owners, blacklist: blacklistFile("631\n700\n") }));
  const row = (port: number, protocol: string, owner: string, line: number) => {
    const file = owner === "bindresvport.blacklist" ? "/etc/bindresvport.blacklist" : `/etc/portreserve/${owner}`;
    return { port, protocol, owner, file, line, kind: "reserve" };
  };
  expect(configuration).toEqual({
    reservations: [
      row(631, "tcp", "a", 4),
      row(631, "tcp", "bindresvport.blacklist", 1),
      row(631, "udp", "bindresvport.blacklist", 1),
      row(700, "tcp", "a", 3),
      row(700, "tcp", "b", 1),
      row(700, "tcp", "bindresvport.blacklist", 2),
      row(700, "udp", "bindresvport.blacklist", 2),
      row(701, "tcp", "a", 3),
      row(701, "udp", "a", 2),
    ],
    diagnostics: [],
  });
});

test("keeps problems among the other diagnostics, by file, line and column", () => {
  const problem = (file: string | undefined, code: string): Diagnostic => ({
    severity: "error",
    code,
    message: "m",
    ...(file === undefined ? {} : { file }),
  });
  const problems = [
    problem("/etc/portreserve/z", "is-a-directory"),
    problem("/etc/portreserve/a", "unreadable"),
    problem(undefined, "somewhere"),
    problem("/etc/portreserve/a", "odd"),
  ];
  const owners = [ownerFile("z", "0\n"), ownerFile("c", "603 x # \u0007\n0\n"), ownerFile("a", "nonesuch\n")];
  for (const given of [
    { owners, problems },
    { owners: owners.toReversed(), problems: problems.toReversed() },
  ]) {
    const { diagnostics } = configure(inputs({ ...given, blacklist: blacklistFile("x\n") }));
    expect(diagnostics.map(({ code, file, place }) => [file ?? place?.file, place?.line, place?.column, code])).toEqual(
      [
        [undefined, undefined, undefined, "somewhere"],
        ["/etc/bindresvport.blacklist", 1, 1, "blacklist-line-dropped"],
        ["/etc/portreserve/a", undefined, undefined, "odd"],
        ["/etc/portreserve/a", undefined, undefined, "unreadable"],
        ["/etc/portreserve/a", 1, 1, "unknown-service"],
        ["/etc/portreserve/c", 1, 5, "extra-word"],
        ["/etc/portreserve/c", 1, 9, "strange-character"],
        ["/etc/portreserve/c", 2, 1, "port-zero"],
        ["/etc/portreserve/z", undefined, undefined, "is-a-directory"],
        ["/etc/portreserve/z", 1, 1, "port-zero"],
      ],
    );
  }
});

test("reads a file of exactly the limit and refuses a larger one as a whole", () => {
  const comment = `631/tcp\n#${"x".repeat(OWNER_FILE_LIMIT - 9)}`;
  expect(configureText(comment).diagnostics).toEqual([]);
  expect(ports(configureText(comment))).toEqual(["631/tcp"]);
  expect(configureText(`${comment}x`)).toEqual({
    reservations: [],
    diagnostics: [
      {
        severity: "error",
        code: "file-too-large",
        message: "larger than 64 KiB, so nothing of it takes effect",
        hint: "a reservation file is a few lines: remove it, or split it",
        file: "/etc/portreserve/owner",
      },
    ],
  });
});

test("takes only names without dot and tilde for owners", () => {
  const names = ["cups", "a b", "krb5_prop", "#x", "cups~", "~cups", "cups.rpmsave", ".", "..", ".hidden", ""];
  expect(names.filter(isOwnerName)).toEqual(["cups", "a b", "krb5_prop", "#x"]);
});
