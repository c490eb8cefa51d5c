// What '%' stands for in unit files, as far as the unit's own name tells; the rest is known to a running systemd alone.

/** Undefined for a letter that systemd does not know: it ignores the whole setting or word. */
export function expand(text: string, unit: string): string | undefined {
  const known = ownSpecifiers(unit);
  let wrong = false;
  const expanded = text.replace(/%([A-Za-z0-9%])/g, (all: string, letter: string) => {
    if (!KNOWN.includes(letter)) wrong = true;
    return known[letter] ?? all;
  });
  return wrong ? undefined : expanded;
}

/** All that systemd 252 knows in a service, and later versions too. */
const KNOWN = "%aAbBCdEfgGhHiIjJlLmMnNopPqsStTuUvVwWyY";

function ownSpecifiers(unit: string): Readonly<Record<string, string>> {
  const name = unit.slice(0, unit.lastIndexOf("."));
  const at = name.indexOf("@");
  const prefix = at === -1 ? name : name.slice(0, at);
  return {
    "%": "%",
    n: unit,
    N: name,
    p: prefix,
    i: at === -1 ? "" : name.slice(at + 1),
    j: prefix.slice(prefix.lastIndexOf("-") + 1),
  };
}
