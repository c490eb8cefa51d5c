// "Did you mean": the known name that is nearest to an unknown one.

/** Known names that one `suggester` compares at most, over all its searches: a second or so. */
const COMPARISON_BUDGET = 1_000_000;

/** Longer names get no suggestion: nobody misspells one, and the search would take long. */
const LONGEST_NAME = 64;

/** Returns a function that gives the nearest of `known` to a name, or undefined where none is near. */
export function suggester(known: Iterable<string>): (name: string) => string | undefined {
  let sorted: string[] | undefined;
  let comparisons = 0;
  const answers = new Map<string, string | undefined>();
  return (name) => {
    if (name.length > LONGEST_NAME) return undefined;
    if (answers.has(name)) return answers.get(name);
    sorted ??= [...new Set(known)].sort();
    comparisons += sorted.length;
    if (comparisons > COMPARISON_BUDGET) return undefined;
    const answer = nearest(name, sorted);
    answers.set(name, answer);
    return answer;
  };
}

/**
 * The candidate with the fewest edits, case aside: at most one for names of up to 4 characters, two for longer ones.
 * An edit adds, drops or changes a character, or swaps two neighbours. Among equals the same length wins, then the
 * first.
 */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  const limit = wanted.length <= 4 ? 1 : 2;
  let best: string | undefined;
  let bestScore = 2 * limit + 2;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) > limit) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    const score = 2 * distance + (candidate.length === wanted.length ? 0 : 1);
    if (score >= bestScore) continue;
    best = candidate;
    bestScore = score;
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let old = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(at(old, column) + 1, at(current, column - 1) + 1, at(old, column - 1) + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, at(older, column - 2) + 1);
      }
      current.push(cost);
    }
    older = old;
    old = current;
  }
  return at(old, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
