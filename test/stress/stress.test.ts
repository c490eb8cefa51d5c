// The shim under stress, beside the stock libraries under the same: each part in a file of its own, in this order.
import { afterAll, describe } from "vitest";
import { named } from "../support/can.ts";
import { defineLocks } from "./locks.ts";
import { definePreloads } from "./preloads.ts";
import { noStress, recordAll } from "./scene.ts";
import { defineStraits } from "./straits.ts";
import { defineTables } from "./tables.ts";
import { defineWrapped } from "./wrapped.ts";

const reason = await noStress();

describe.skipIf(reason !== undefined)(named("under stress", reason), async () => {
  afterAll(recordAll);
  defineLocks();
  defineTables();
  defineStraits();
  defineWrapped();
  await definePreloads();
});
