/** Values known while compiling as plain JavaScript, for initial contents and for options. */
import type { LayoutData } from "../../sdk/layout/data.ts";
import { readField } from "./cells.ts";
import { settleNull } from "./coerce.ts";
import type { Lowering } from "./lowering.ts";
import { missingField, notConstant } from "./problems.ts";
import type { ts } from "./typescript.js";
import { placeOfField, type Value } from "./values.ts";

/** The value as the codec takes it. */
export function plainValue(value: Value, layout: LayoutData, node: ts.Node, to: Lowering): unknown {
  const settled = settleNull(value, to);
  if (settled.kind === "literal" || settled.kind === "string") return settled.value;
  if (settled.kind === "scalar" && settled.operand.kind === "constant")
    return settled.type === "bool" ? settled.operand.value !== 0n : settled.operand.value;
  if (settled.kind === "list" && layout.kind === "array")
    return settled.items.map((item) => plainValue(item, layout.of, node, to));
  if (settled.kind === "object" && (layout.kind === "struct" || layout.kind === "bits")) {
    const parts =
      layout.kind === "struct"
        ? layout.fields.map((field) => [field.name, field.layout] as const)
        : layout.fields.map((field) => [field.name, layout] as const);
    return Object.fromEntries(
      parts.map(([name, part]) => {
        const given = readField(settled, name, node, to) ?? to.refuse((at) => missingField(at, name), node);
        return [name, plainValue(given, part, placeOfField(settled, name, node), to)];
      }),
    );
  }
  return to.refuse((at) => notConstant(at, "An initial value"), node);
}
