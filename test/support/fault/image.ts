// An image in the scene: one loader with its libc, and what a test puts beside them.
import { realpathSync } from "node:fs";
import path from "node:path";
import { abisOf } from "../../../src/system/host/abis.ts";

/** Where the scene finds its table too. */
export const IMAGE = "/tmp/image";

/** A program for sh that makes it; `more` goes on in the image's folder of units. */
export function makeImage(more: string): string {
  const loader = abisOf("/")[0]?.loader ?? "";
  const real = realpathSync(loader);
  const folder = `${IMAGE}${path.dirname(real)}`;
  return `set -e
mkdir -p ${folder} ${IMAGE}${path.dirname(loader)} ${IMAGE}/run ${IMAGE}/etc/portreserve ${IMAGE}/etc/systemd/system
cp ${real} ${path.dirname(real)}/libc.so.6 ${folder}
[ -e ${IMAGE}${loader} ] || ln -s ${real} ${IMAGE}${loader}
touch ${IMAGE}/etc/services
cd ${IMAGE}/etc/systemd/system
${more}
`;
}
