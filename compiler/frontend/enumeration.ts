/** Enums: objects of constants. */
import type { ModuleBuilder } from "./module.ts";
import { notConstant } from "./problems.ts";
import { ts } from "./typescript.js";
import type { ObjectValue, Property, Value } from "./values.ts";

const nameOf = ({ name }: ts.EnumMember): string =>
  ts.isIdentifier(name) || ts.isStringLiteralLike(name) ? name.text : name.getText();

function memberValue(member: ts.EnumMember, { checker, topLevel }: ModuleBuilder): Value {
  const value = checker.getConstantValue(member);
  if (value === undefined)
    return topLevel.refuse((at) => notConstant(at, `'${nameOf(member)}' of an enum`), member.initializer ?? member);
  return typeof value === "string" ? { kind: "string", value } : { kind: "literal", value };
}

/** All members, of every declaration of the enum. */
export function enumeration(symbol: ts.Symbol, module: ModuleBuilder): ObjectValue {
  const members = (symbol.declarations ?? []).flatMap((each) => (ts.isEnumDeclaration(each) ? [...each.members] : []));
  const fields = new Map<string, Property>();
  const put = (name: string, value: Value): unknown =>
    fields.set(name, { kind: "cell", cell: { kind: "fixed", value } });
  for (const member of members) {
    const name = nameOf(member);
    const value = memberValue(member, module);
    put(name, value);
    // As JavaScript has it, `Colour[1]` is the name of the member that is 1.
    if (value.kind === "literal") put(String(value.value), { kind: "string", value: name });
  }
  return { kind: "object", fields, name: `enum ${symbol.name}` };
}
