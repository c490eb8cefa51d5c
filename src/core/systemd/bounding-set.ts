// Whether a unit's CapabilityBoundingSet= keeps CAP_NET_BIND_SERVICE from its programs and from all that these start.

export const BOUNDING_SET = "CapabilityBoundingSet";

const NAME = /^cap_[a-z_]+$/i;
const BINDING = /^cap_net_bind_service$/i;

/**
 * `values`: all that its files say, in order; a list without "~" adds to what is there. systemd takes numbers too, and
 * starts from all capabilities again where it knows none of a list's: only what can be meant in no other way is one.
 */
export function boundWithoutBinding(values: readonly string[]): boolean {
  const last = values.at(-1);
  if (last === undefined) return false;
  if (last.startsWith("~")) return wordsOf(last.slice(1)).some((word) => BINDING.test(word));
  return values.every((value) => wordsOf(value).every((word) => NAME.test(word) && !BINDING.test(word)));
}

function wordsOf(list: string): readonly string[] {
  return list.split(/\s+/).filter(Boolean);
}
