/** A thousand histories of the model, in two files that run beside each other: this is the second half. */
import { test } from "vitest";
import { keepsInvariants } from "./thousand.ts";

test("histories keep all invariants, with faults of every kind", () => keepsInvariants(501, 500), 1_800_000);
