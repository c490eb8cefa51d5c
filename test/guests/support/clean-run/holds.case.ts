// A test that has guests and never comes to its end.
import { test } from "vitest";
import { bootGuest } from "../../../support/guest/guest.ts";
import { ENGINES } from "../../../support/guest/keeper.ts";
import { rootOf } from "../releases.ts";

test("holds guests", async () => {
  for (const engine of ENGINES) await bootGuest({ lower: [rootOf("bookworm")], engine });
  console.log("booted");
  await new Promise(() => undefined);
});
