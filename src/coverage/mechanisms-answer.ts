// The answer to whether the mechanisms beside the shim, where they are applied, do what they are to do.
import { enumerate } from "../core/text.ts";
import type { HostAnswer } from "./coverage.ts";
import type { Host } from "./host.ts";

/** Undefined where none is applied. */
export function mechanismsAnswer({ facts }: Host): Pick<HostAnswer, "state" | "answer" | "hint"> | undefined {
  const { mechanisms = [] } = facts;
  if (mechanisms.length === 0) return undefined;
  const wrong = mechanisms.find(({ inForce }) => !inForce);
  if (wrong === undefined) {
    const names = enumerate(mechanisms.map(({ name }) => name));
    return { state: "good", answer: `${names} ${mechanisms.length === 1 ? "is" : "are"} in force`, hint: undefined };
  }
  const { name, why } = wrong;
  const answer = `${name} is ${why ?? "not in force"}`;
  return { state: "bad", answer, hint: `portreservectl mechanisms apply ${name}` };
}
