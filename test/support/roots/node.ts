// Nodes that are not this machine's: from the npm registry, each with an npm, laid out as a layer that goes over a root.
import { skipFor, skipReason } from "../can.ts";
import { cached, makeOnce } from "./once.ts";

export interface NodeRequest {
  /** Versions or ranges of the registry: "22", "20.17.0". */
  readonly node: string;
  readonly npm: string;
}

/** A folder with usr/local/bin/node, its headers and npm, once noNode() has said nothing against it. */
export function nodeLayer({ node, npm }: NodeRequest): string {
  return cached("nodes", `node-${node}-npm-${npm}`, [process.arch, FETCH]);
}

/** Undefined where it can be had, else why not; an error where everything is required. Fetches it when it is not there yet (5 s). */
export async function noNode(request: NodeRequest): Promise<string | undefined> {
  const lacking = skipReason({ program: "npm", package: "npm" }, { program: "flock", package: "util-linux" });
  if (lacking !== undefined) return lacking;
  const name = `node-linux-${process.arch}`;
  const failure = await makeOnce(nodeLayer(request), [FETCH, name, request.node, request.npm]);
  return skipFor(failure === undefined ? undefined : `Node ${request.node} could not be fetched: ${failure}`);
}

const FETCH = `cd "$FRESH"
npm install --prefix "$FRESH" --no-save --ignore-scripts --no-audit --no-fund --silent "$0@$1" "npm@$2" || {
  echo "npm has no '$0@$1' or 'npm@$2' for us"
  exit 1
}
install -d -m 755 usr usr/local usr/local/bin usr/local/include usr/local/lib usr/local/lib/node_modules
rm -rf "node_modules/$0/include/node/openssl"
mv "node_modules/$0/bin/node" usr/local/bin/
mv "node_modules/$0/include/node" usr/local/include/
mv node_modules/npm usr/local/lib/node_modules/
for tool in npm npx; do ln -s "../lib/node_modules/npm/bin/$tool-cli.js" "usr/local/bin/$tool"; done
rm -rf node_modules package.json package-lock.json
chown -R 0:0 usr`;
