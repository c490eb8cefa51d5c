// A target whose rounds begin with more than there is time for; the third case, where there is one, fails.
import fc from "fast-check";

let cases = 0;

export const target = {
  seeds: 1,
  cases: fc.nat(),
  checkSome: () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  },
  check: () => {
    cases += 1;
    if (cases === 3) throw new Error("the third case");
  },
  show: String,
};
