// What a preload list, whichever library is in it, means for programs that gcc has built with AddressSanitizer.
import type { Message } from "../../report/types.ts";
import { namesIn } from "../../system/files/entry.ts";
import type { HostAbi } from "../../system/host/abis.ts";

const RUNTIME = /^libasan\.so\.[0-9]+$/;

/** A note where a host has the runtime of such programs: they refuse to start beside any preload list that does not begin with it. */
export function sanitizerNotes(root: string, abis: readonly HostAbi[]): readonly Message[] {
  const names = abis.flatMap(({ lib }) => (lib === undefined ? [] : namesIn(root, `/${lib}`)));
  const runtime = names.filter((name) => RUNTIME.test(name)).sort()[0];
  if (runtime === undefined) return [];
  const message =
    "programs that gcc has built with -fsanitize=address do not start beside a preload list: 'ASan runtime does not come first in initial library list'";
  const hint = `start them with LD_PRELOAD=${runtime} or ASAN_OPTIONS=verify_asan_link_order=0, or build them with -static-libasan`;
  return [{ severity: "note", message, hint }];
}
