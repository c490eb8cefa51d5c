// How the mechanisms that are applied count for a host: in force they are named, and one that is not is a fault with its cure.
import { expect, test } from "vitest";
import { assess } from "../../src/coverage/assess.ts";
import type { HostFacts } from "../../src/coverage/facts.ts";
import { facts } from "./coverage-facts.ts";

const answerOf = (mechanisms: HostFacts["mechanisms"]) => {
  const { answers, verdict } = assess(facts({ processes: [], ...(mechanisms === undefined ? {} : { mechanisms }) }));
  const found = answers.find(({ id }) => id === "mechanisms");
  return found && { state: found.state, answer: found.answer, hint: found.hint, verdict };
};

test("is not asked where none is applied", () => {
  expect(answerOf(undefined)).toBeUndefined();
});

test("names those that are in force", () => {
  expect(answerOf([{ name: "nfs-range", inForce: true }])).toMatchObject({
    state: "good",
    answer: "nfs-range is in force",
    hint: undefined,
  });
  expect(
    answerOf([
      { name: "nfs-range", inForce: true },
      { name: "ephemeral", inForce: true },
    ])?.answer,
  ).toBe("nfs-range and ephemeral are in force");
});

test("one that is out of date is a fault of the host", () => {
  const why = "out of date: the running kernel has 665–1023";
  expect(
    answerOf([
      { name: "ephemeral", inForce: true },
      { name: "nfs-range", inForce: false, why },
    ]),
  ).toEqual({
    state: "bad",
    answer: `nfs-range is ${why}`,
    hint: "portreservectl mechanisms apply nfs-range",
    verdict: "not covered",
  });
});
