/** A thousand histories of the model, in two files that run beside each other: this is the first half. */
import { test } from "vitest";
import { keepsInvariants } from "./thousand.ts";

test("histories keep all invariants, with faults of every kind", () => keepsInvariants(1, 500), 1_800_000);
