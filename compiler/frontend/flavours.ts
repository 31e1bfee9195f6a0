/** Reading the language's scalar types off TypeScript types: `u16` is `number & { __zeta?: 8 | 16 }`. */
import { ts } from "./typescript.js";
import type { ScalarType } from "./values.ts";

const TEXT: ReadonlySet<string> = new Set<ScalarType>(["i32", "i64", "ipv4", "ipv6", "mac", "address"]);

/** The scalar type that a TypeScript type names, null included in unions; null for plain number, bigint and everything else. */
export function flavourOf(type: ts.Type | null): ScalarType | null {
  if (type === null) return null;
  if (type.flags & ts.TypeFlags.BooleanLike) return "bool";
  const part = type.isUnion()
    ? type.types.find((t) => !(t.flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined)))
    : type;
  if (
    part === undefined ||
    (type.isUnion() && type.types.filter((t) => !(t.flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined))).length !== 1)
  )
    return null;
  if (!part.isIntersection()) return null;
  const mark = part.getProperty("__zeta");
  const declaration = mark?.valueDeclaration;
  if (mark === undefined || declaration === undefined) return null;
  const found = markOf(part);
  return found;
}

/** The mark's type arguments survive as the property's type on the object part of the intersection. */
function markOf(type: ts.IntersectionType): ScalarType | null {
  const checker = (type as unknown as { checker?: ts.TypeChecker }).checker;
  const property = type.getProperty("__zeta");
  if (checker === undefined || property === undefined) return null;
  const mark = checker.getNonNullableType(checker.getTypeOfSymbol(property));
  const literals = mark.isUnion() ? mark.types : [mark];
  const widths = literals.flatMap((t) => (t.isNumberLiteral() ? [t.value] : []));
  const names = literals.flatMap((t) => (t.isStringLiteral() ? [t.value] : []));
  const [name] = names;
  if (name !== undefined && TEXT.has(name)) return name as ScalarType;
  const widest = Math.max(0, ...widths);
  return widest === 8 || widest === 16 || widest === 32 || widest === 64 ? (`u${widest}` as ScalarType) : null;
}

export const includesNull = (type: ts.Type): boolean =>
  (type.flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined)) !== 0 ||
  (type.isUnion() && type.types.some((t) => t.flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined)));

export const isAny = (type: ts.Type): boolean => (type.flags & ts.TypeFlags.Any) !== 0;
