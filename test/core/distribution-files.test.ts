// The files that distributions really shipped, and the exact ports they mean.
import { expect, test } from "vitest";
import { DISTRIBUTION_BLACKLIST, DISTRIBUTION_FILES } from "../../src/commands/demo/distribution-files.ts";
import { configure } from "../../src/core/config/configure.ts";
import { blacklistFile, inputs, ownerFile, SERVICES } from "./inputs.ts";

const owners = DISTRIBUTION_FILES.map(({ owner, content }) => ownerFile(owner, content));
const blacklist = blacklistFile(DISTRIBUTION_BLACKLIST);

const EXPECTED = [
  "9/tcp discard",
  "9/udp discard",
  "110/tcp dovecot",
  "110/udp dovecot",
  "143/tcp dovecot",
  "143/udp dovecot",
  "631/tcp bindresvport.blacklist",
  "631/tcp cups",
  "631/udp bindresvport.blacklist",
  "631/udp cups",
  "636/tcp bindresvport.blacklist",
  "636/tcp slapd",
  "636/udp bindresvport.blacklist",
  "636/udp slapd",
  "647/tcp dhcpd",
  "647/udp dhcpd",
  "655/tcp bindresvport.blacklist",
  "655/udp bindresvport.blacklist",
  "694/tcp xhad",
  "694/udp xhad",
  "749/tcp kerberos-adm",
  "750/tcp kerberos-iv",
  "750/udp kerberos-iv",
  "754/tcp krb5_prop",
  "774/tcp bindresvport.blacklist",
  "774/udp bindresvport.blacklist",
  "783/tcp bindresvport.blacklist",
  "783/tcp spamd",
  "783/udp bindresvport.blacklist",
  "783/udp spamd",
  "847/tcp dhcpd",
  "847/udp dhcpd",
  "873/tcp bindresvport.blacklist",
  "873/udp bindresvport.blacklist",
  "921/tcp bindresvport.blacklist",
  "921/udp bindresvport.blacklist",
  "953/tcp named",
  "993/tcp bindresvport.blacklist",
  "993/tcp dovecot",
  "993/udp bindresvport.blacklist",
  "993/udp dovecot",
  "995/tcp bindresvport.blacklist",
  "995/tcp dovecot",
  "995/udp bindresvport.blacklist",
  "995/udp dovecot",
];

for (const [state, services] of [
  ["with Debian's services file", SERVICES],
  ["without a services file", undefined],
] as const) {
  test(`reserves what the shipped files mean ${state}`, () => {
    const configuration = configure(inputs({ owners, services, blacklist }));
    const rows = configuration.reservations.map(({ port, protocol, owner }) => `${port}/${protocol} ${owner}`);
    expect(rows).toEqual(EXPECTED);
    expect(configuration.diagnostics.map(({ severity, code, message }) => [severity, code, message])).toEqual([
      ["note", "port-below-allocators", "port 9 is below 512: bindresvport never hands it out"],
      ["note", "port-below-allocators", "port 143 is below 512: bindresvport never hands it out"],
      ["note", "port-below-allocators", "port 110 is below 512: bindresvport never hands it out"],
    ]);
  });
}

test("lists the shipped files in order of owner, each owner once", () => {
  const names = DISTRIBUTION_FILES.map(({ owner }) => owner);
  expect(names).toEqual([...new Set(names)].sort());
});
