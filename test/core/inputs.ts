// Inputs for the configuration tests, written as text, and short ways to look at what came of them.
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { configure } from "../../src/core/config/configure.ts";
import type { Configuration, Diagnostic, Inputs, OwnerFile, SourceFile } from "../../src/core/config/types.ts";

export const SERVICES: SourceFile = {
  path: "/etc/services",
  bytes: readFileSync(new URL("../golden/services", import.meta.url)),
};

export function ownerFile(owner: string, content: string | Uint8Array): OwnerFile {
  return {
    owner,
    path: `/etc/portreserve/${owner}`,
    bytes: typeof content === "string" ? Buffer.from(content) : content,
  };
}

export function blacklistFile(content: string | Uint8Array): SourceFile {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return { path: "/etc/bindresvport.blacklist", bytes };
}

/** Inputs with the golden services file and nothing else but what is given. */
export function inputs(given: Partial<Inputs>): Inputs {
  return { owners: [], services: SERVICES, blacklist: undefined, problems: [], ...given };
}

/** The configuration of a single file, 'owner'. */
export function configureText(
  content: string | Uint8Array,
  services: SourceFile | undefined = SERVICES,
): Configuration {
  return configure(inputs({ owners: [ownerFile("owner", content)], services }));
}

/** Reservations as 'port/protocol', in order. */
export function ports(configuration: Configuration): string[] {
  return configuration.reservations.map(({ port, protocol }) => `${port}/${protocol}`);
}

export function errors(configuration: Configuration): Diagnostic[] {
  return configuration.diagnostics.filter(({ severity }) => severity === "error");
}
