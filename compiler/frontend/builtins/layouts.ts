/** `struct`, `header`, `array`, `bits`, `bigEndian` and the scalar layouts: the SDK's own functions, run while compiling. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import * as sdk from "../../../sdk/layout/layouts.ts";
import { badDeclaration, tooLarge } from "../problems.ts";
import { type BuiltinCall, type LayoutValue, placeOfField, type Value } from "../values.ts";
import { argument, builtin, entriesOf, layoutOf, optionsArgument, wholeNumber } from "./arguments.ts";

const value = (layout: LayoutData): LayoutValue => ({ kind: "layout", layout });
const asLayout = (layout: LayoutData): sdk.Layout<unknown> => ({ layout });

/** Every field is written out in debug information and manifest; the kernel takes no map value of more bytes. */
const MOST_FIELDS = 65_536;
const LARGEST = 2 ** 31 - 1;
const BIT_FIELD = { from: 1, to: 32 };
const LENGTH = { from: 1, to: LARGEST };

/** Counted once for each layout: the same one may stand in many places, and in those again. */
const leaves = new WeakMap<LayoutData, number>();
function leavesOf(layout: LayoutData): number {
  const known = leaves.get(layout);
  if (known !== undefined) return known;
  const count =
    layout.kind === "struct"
      ? layout.fields.reduce((sum, field) => sum + leavesOf(field.layout), 0)
      : layout.kind === "array"
        ? leavesOf(layout.of)
        : 1;
  leaves.set(layout, count);
  return count;
}

/** The SDK throws on a wrong declaration; here that is the author's problem. */
function guarded(call: BuiltinCall, make: () => sdk.Layout<unknown>): LayoutValue {
  try {
    const { layout } = make();
    const count = leavesOf(layout);
    if (count > MOST_FIELDS || layout.size > LARGEST)
      call.to.refuse((at) => tooLarge(at, `A layout of ${count} fields and ${layout.size} bytes`), call.node);
    return value(layout);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError)
      return call.to.refuse((at) => badDeclaration(at, error.message), call.node);
    throw error;
  }
}

function fieldsOf(call: BuiltinCall): Record<string, sdk.Layout<unknown>> {
  const fields = optionsArgument(call, 0);
  const layouts = entriesOf(fields, call.argument(0), call.to).map(
    ([name, field]) =>
      [name, asLayout(layoutOf(field, placeOfField(fields, name, call.argument(0)), call.to))] as const,
  );
  return Object.fromEntries(layouts);
}

function widthsOf(call: BuiltinCall): Record<string, number> {
  const fields = optionsArgument(call, 0);
  const widths = entriesOf(fields, call.argument(0), call.to).map(([name, width]) => {
    const place = placeOfField(fields, name, call.argument(0));
    return [name, wholeNumber(width, `the width of '${name}'`, BIT_FIELD, place, call.to)] as const;
  });
  return Object.fromEntries(widths);
}

const first = (call: BuiltinCall): sdk.Layout<unknown> =>
  asLayout(layoutOf(argument(call, 0), call.argument(0), call.to));

const { u8, u16, u32, u64, i32, i64, bool, ipv4, ipv6, mac, address, spinLock } = sdk;
const scalars = { u8, u16, u32, u64, i32, i64, bool, ipv4, ipv6, mac, address, spinLock };

export const layoutBuiltins: readonly (readonly [string, Value])[] = [
  ...Object.entries(scalars).map(([name, { layout }]) => [name, value(layout)] as const),
  ["struct", builtin("struct", (call) => guarded(call, () => sdk.struct(fieldsOf(call))))],
  ["header", builtin("header", (call) => guarded(call, () => sdk.header(fieldsOf(call))))],
  ["bits", builtin("bits", (call) => guarded(call, () => sdk.bits(widthsOf(call))))],
  ["bigEndian", builtin("bigEndian", (call) => guarded(call, () => sdk.bigEndian(first(call))))],
  [
    "array",
    builtin("array", (call) =>
      guarded(call, () =>
        sdk.array(first(call), wholeNumber(argument(call, 1), "an array's length", LENGTH, call.argument(1), call.to)),
      ),
    ),
  ],
];
