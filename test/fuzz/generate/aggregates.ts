/** Whole values of a layout, as a program writes them down. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import { sameLayout } from "../../../sdk/layout/data.ts";
import { argument, expression } from "./expressions.ts";
import { isAddress, isBig, type Scalar } from "./scalars.ts";
import type { Writer } from "./writer.ts";

function part(to: Writer, layout: LayoutData, scalar: (type: Scalar) => string): string {
  switch (layout.kind) {
    case "scalar":
      return scalar(layout.type);
    case "bits":
      return `{ ${layout.fields.map(({ name }) => `${name}: ${scalar("u32")}`).join(", ")} }`;
    case "array":
      return `[${Array.from({ length: layout.length }, () => part(to, layout.of, scalar)).join(", ")}] as const`;
    case "struct":
      return `{ ${layout.fields.map(({ name, layout: of }) => `${name}: ${part(to, of, scalar)}`).join(", ")} }`;
    case "spinLock":
      return "null";
  }
}

/** A value to store: written out, or a view of the same layout, or its snapshot. */
export function wholeValue(to: Writer, layout: LayoutData): string {
  const { draw } = to;
  if (layout.kind === "scalar") return stored(to, layout.type);
  const same = to.views((view) => sameLayout(view.layout, layout));
  if (same.length > 0 && draw.chance(0.5)) {
    const view = draw.pick(same);
    to.use(view);
    if (layout.kind !== "struct" || draw.chance(0.4)) return view.text;
    const changed = layout.fields.filter(({ layout: of }) => of.kind === "scalar" && draw.chance(0.4));
    const changes = changed.map(({ name, layout: of }) => `, ${name}: ${part(to, of, (type) => stored(to, type))}`);
    return `{ ...${view.text}${changes.join("")} }`;
  }
  return part(to, layout, (type) => stored(to, type));
}

const stored = (to: Writer, type: Scalar): string =>
  type === "bool" ? expression(to, type, 1) : argument(to, type, 2);

/** One of a few values, so that what one packet stores the next one finds. */
function smallValue(to: Writer, type: Scalar): string {
  const { draw } = to;
  if (type === "bool") return expression(to, "bool", 1);
  const suffix = isBig(type) ? "n" : "";
  if (draw.chance(0.4)) return `${draw.below(4)}${suffix}`;
  if (isAddress(type)) return `(${expression(to, type, 1)} & ${draw.pick([1, 3])}${suffix})`;
  if (type === "u8" || type === "u16") return `${type}(${expression(to, "u32", 1)} & 3)`;
  return `(${expression(to, type, 1)} & 3${suffix})`;
}

/** A key that is likely to be met again. */
export const keyValue = (to: Writer, layout: LayoutData): string =>
  part(to, layout, (type) => (to.draw.chance(0.85) ? smallValue(to, type) : stored(to, type)));
