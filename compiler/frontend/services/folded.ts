/** Config that is folded into the programs: constants, in the place of what is read from the config that serves. */

import { decode } from "../../../sdk/layout/codec.ts";
import { isPlain, type LayoutData } from "../../../sdk/layout/data.ts";
import { scalarConstant } from "../types.ts";
import type { ObjectValue, Value } from "../values.ts";
import type { ConfigSpec } from "./spec.ts";

/** What a config field's bytes are, where it can be folded: an array is read at places that are not known. */
export const foldable = (spec: ConfigSpec | undefined): LayoutData | null =>
  spec?.kind === "scalar" && isPlain(spec.of) ? spec.of : null;

const object = (fields: Readonly<Record<string, Value>>): ObjectValue => ({
  kind: "object",
  name: "folded config",
  fields: new Map(
    Object.entries(fields).map(([name, value]) => [name, { kind: "cell", cell: { kind: "fixed", value } }]),
  ),
});

function constantOf(layout: LayoutData, content: unknown): Value {
  if (layout.kind === "scalar") return scalarConstant(layout.type, BigInt(content as number | bigint | boolean));
  if (layout.kind !== "struct") throw new TypeError(`A layout of kind '${layout.kind}' cannot be folded.`);
  const parts = content as Readonly<Record<string, unknown>>;
  return object(
    Object.fromEntries(layout.fields.map(({ name, layout: part }) => [name, constantOf(part, parts[name])])),
  );
}

export const foldedValue = (layout: LayoutData, bytes: Uint8Array): Value => constantOf(layout, decode(layout, bytes));
