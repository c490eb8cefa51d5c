// A table in the lower layer of an overlay: whoever has it mapped cannot be told of a new one, and that is said.
import { describe, expect, test } from "vitest";
import { named } from "../support/can.ts";
import { noHost, onHost } from "../support/host.ts";

const notHere = await noHost();
const STRANDED = "programs that have used it already stay with it until they are restarted";
/** A copy of /etc as it is by now becomes the lower layer of an overlay over it: of /etc itself it could be one too many. */
const LAYER = `layer() {
  mkdir "/run/$1" && mount -t tmpfs none "/run/$1" && mkdir "/run/$1/upper" "/run/$1/work" && cp -a /etc "/run/$1/lower" &&
    mount -t overlay -o "lowerdir=/run/$1/lower,upperdir=/run/$1/upper,workdir=/run/$1/work" "$1" /etc
}
`;

describe.skipIf(notHere !== undefined)(named("a table in an overlay's lower layer", notHere), () => {
  test("is replaced by install with a word about who stays with it, and once in the upper layer without", async () => {
    const ran = await onHost(`${LAYER}
mkdir -p /etc/portreserve; echo 631 >/etc/portreserve/cups
step compile ctl compile
step layer layer over
echo 632 >/etc/portreserve/other
step install ctl install
echo 633 >/etc/portreserve/third
step again ctl install`);
    expect(ran("layer").status).toBe(0);
    expect(ran("install").stderr).toContain(STRANDED);
    expect([ran("again").status, ran("again").stderr]).toEqual([0, ""]);
  });

  test.each([true, false])("is removed by uninstall with that word: %s", async (isBelow) => {
    const ran = await onHost(`${LAYER}
mkdir -p /etc/portreserve; echo 631 >/etc/portreserve/cups
step install ctl install
step layer ${isBelow ? "layer over" : "true"}
step uninstall ctl uninstall`);
    expect([ran("layer").status, ran("uninstall").status]).toEqual([0, 0]);
    expect(ran("uninstall").stderr.includes(STRANDED)).toBe(isBelow);
  });
});
