// A test that fails and stops nothing.
import { test } from "vitest";
import { bootGuest } from "../../../support/guest/guest.ts";
import { ENGINES } from "../../../support/guest/keeper.ts";
import { rootOf } from "../releases.ts";

test("fails while guests run", async () => {
  for (const engine of ENGINES) await bootGuest({ lower: [rootOf("bookworm")], engine });
  throw new Error("failed on purpose");
});
