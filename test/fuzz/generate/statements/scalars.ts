/** Names and what is assigned to them. */
import { argument, expression, observed } from "../expressions.ts";
import { leavesOf, written } from "../paths.ts";
import { anyScalar, computedAs, isAddress, isBig, isSigned, literal, type Scalar, typedLiteral } from "../scalars.ts";
import type { Variable } from "../scope.ts";
import type { Writer } from "../writer.ts";

/** How a scalar type is written as a type. */
export const typeText = (type: Scalar): string => (type === "bool" ? "boolean" : type);

/** `const` or `let`, with or without its type written down. */
export function declare(to: Writer): void {
  const { draw } = to;
  const type = anyScalar(draw);
  const assignable = draw.chance(0.65);
  // Of what earlier tests have excluded TypeScript would make a variable of no values.
  const annotated = draw.chance(0.5) || (assignable && type === "bool");
  const value = annotated && type !== "bool" ? argument(to, type, 3) : expression(to, type, 3);
  const name = to.local("v");
  to.line(`${assignable ? "let" : "const"} ${name}${annotated ? `: ${typeText(type)}` : ""} = ${value};`);
  to.addVariable(name, type, assignable);
}

/** `const i = x & 7;`: a name whose range the compiler knows. */
export function declareRanged(to: Writer): void {
  const { draw } = to;
  const mask = draw.pick([1, 3, 7, 15]);
  const name = to.local("r");
  const form = draw.pick(["mask", "remainder", "minimum"] as const);
  const value = expression(to, "u32", 2);
  const text =
    form === "mask"
      ? `${value} & ${mask}`
      : form === "remainder"
        ? `${value} % ${mask + 1}`
        : `Math.min(${value}, u32(${mask}))`;
  to.line(`const ${name} = ${text};`);
  to.addVariable(name, "u32", false, BigInt(mask));
}

/** `let x: u16;` and its first assignment on every path. */
export function declareLater(to: Writer): void {
  const type = anyScalar(to.draw);
  const name = to.local("v");
  to.line(`let ${name}: ${typeText(type)};`);
  to.line(`if (${expression(to, "bool", 2)}) ${name} = ${argument(to, type, 2)};`);
  to.line(`else ${name} = ${argument(to, type, 2)};`);
  to.addVariable(name, type, true);
}

const assignableNames = (to: Writer, fits: (variable: Variable) => boolean = () => true): Variable[] =>
  to.variables((variable) => variable.assignable && fits(variable));

export function assign(to: Writer): void {
  const names = assignableNames(to);
  if (names.length === 0) return declare(to);
  const { text, type } = to.draw.pick(names);
  to.line(`${text} = ${type === "bool" ? expression(to, type, 3) : argument(to, type, 3)};`);
}

/** Operators whose result fits where it came from, whatever the operands are. */
function compoundFor(to: Writer, type: Scalar): string {
  const { draw } = to;
  if (isAddress(type)) return draw.pick(["&=", "|=", "^=", "<<=", ">>="]);
  if (type === "u8" || type === "u16") return draw.pick(["&=", "|=", "^=", "/=", "%=", ">>=", ">>>="]);
  const unsigned = !isSigned(type) && !isBig(type) ? [">>>="] : [];
  return draw.pick(["+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", ...unsigned]);
}

/** The right side: for narrow types nothing wider, so that `|` and `^` stay inside; shifts take any count. */
function compoundOperand(to: Writer, type: Scalar, operator: string): string {
  const shift = operator.startsWith("<<") || operator.startsWith(">>");
  if (shift) return isBig(type) ? `${to.draw.below(70)}n` : String(to.draw.below(40));
  return to.draw.chance(0.4) ? literal(type, to.draw) : expression(to, type, 2);
}

export function compound(to: Writer): void {
  const names = assignableNames(to, ({ type }) => type !== "bool");
  if (names.length === 0) return declare(to);
  const { text, type } = to.draw.pick(names);
  const operator = compoundFor(to, type);
  to.line(`${text} ${operator} ${compoundOperand(to, type, operator)};`);
}

/** `x++` as a statement, or inside an expression. */
export function step(to: Writer): void {
  const { draw } = to;
  const names = assignableNames(to, ({ type }) => type !== "bool" && !isAddress(type));
  if (names.length === 0) return declare(to);
  const { text, type } = draw.pick(names);
  const operator = draw.pick(["++", "--"]);
  const stepped = draw.chance(0.5) ? `${text}${operator}` : `${operator}${text}`;
  if (draw.chance(0.6)) return to.line(`${stepped};`);
  const name = to.local("v");
  to.line(`const ${name} = ${expression(to, type, 1)} + ${stepped};`);
  to.addVariable(name, computedAs(type), false);
}

/** Writes a field of anything writable in sight. */
export function writeField(to: Writer): void {
  const views = to.views(({ writable }) => writable);
  if (views.length === 0) return assign(to);
  const view = to.draw.pick(views);
  const leaf = to.draw.pick(leavesOf(view.layout));
  if (leaf === undefined || leaf.path.length === 0) return assign(to);
  const target = written(to, view, leaf);
  const { type } = leaf;
  // TypeScript takes an element for one that may be missing, wherever it is read.
  const sure = target.endsWith("]") ? `${target}!` : target;
  const compounds = type === "u32" || type === "u64" || type === "i32" || type === "i64";
  if (compounds && to.draw.chance(0.3)) {
    const operator = compoundFor(to, type);
    return to.line(`${sure} ${operator} ${compoundOperand(to, type, operator)};`);
  }
  if (compounds && leaf.bits === null && to.draw.chance(0.1)) return to.line(`${sure}${to.draw.pick(["++", "--"])};`);
  to.line(`${target} = ${type === "bool" ? expression(to, type, 2) : argument(to, type, 3)};`);
}

/** Folds what an expression is into the program's result. */
export const observe = (to: Writer): void => to.line(`acc = (acc * 31n) ^ ${observed(to, 3)};`);

/** Uses a function's value, or calls one that has none. */
export function callStatement(to: Writer): void {
  const candidates = to.functions(() => true);
  if (candidates.length === 0 || to.runs > 16) return observe(to);
  const fn = to.draw.pick(candidates);
  to.called(fn);
  const values = fn.parameters.map((parameter) => argument(to, parameter, 2)).join(", ");
  if (fn.result === null || to.draw.chance(0.1)) return to.line(`${fn.text}(${values});`);
  const name = to.local("v");
  to.line(`const ${name} = ${fn.text}(${values});`);
  to.addVariable(name, fn.result, false);
}

/** An object: its parts dissolve while compiling. */
export function declareObject(to: Writer): void {
  const { draw } = to;
  const objects = to.scope.all("object");
  const [base] = objects.length > 0 && draw.chance(0.4) ? [draw.pick(objects)] : [];
  const own = Array.from({ length: 1 + draw.below(3) }, (_, i) => ({ name: `p${i}`, type: anyScalar(draw) }));
  const parts = own.map(
    ({ name, type }) =>
      `${name}: ${draw.chance(0.2) && type !== "bool" ? typedLiteral(type, draw) : expression(to, type, 2)}`,
  );
  const name = to.local("o");
  to.line(`const ${name} = { ${base === undefined ? "" : `...${base.text}, `}${parts.join(", ")} };`);
  const inherited = (base?.fields ?? []).filter((field) => own.every((one) => one.name !== field.name));
  const fields = [...inherited, ...own];
  to.scope.add({ kind: "object", text: name, fields });
  for (const field of fields) to.addVariable(`${name}.${field.name}`, field.type, field.type !== "bool");
}

/** `const { p0, p1: x } = object;` */
export function destructure(to: Writer): void {
  const { draw } = to;
  const objects = to.scope.all("object");
  if (objects.length === 0) return declareObject(to);
  const from = draw.pick(objects);
  const taken = draw.shuffle(from.fields).slice(0, 1 + draw.below(from.fields.length));
  const assignable = draw.chance(0.5);
  const names = taken.map(({ name, type }) => ({ name, type, local: to.local("d") }));
  const pattern = names.map(({ name, local }) => `${name}: ${local}`).join(", ");
  to.line(`${assignable ? "let" : "const"} { ${pattern} } = ${from.text};`);
  for (const { type, local } of names) to.addVariable(local, type, assignable && type !== "bool");
}
