/** Ways from a view to the scalars in it. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import { provenIndex, unprovenIndex } from "./indices.ts";
import type { Scalar } from "./scalars.ts";
import type { View } from "./scope.ts";
import type { Writer } from "./writer.ts";

type Step = { readonly field: string } | { readonly length: number };

export interface Leaf {
  readonly path: readonly Step[];
  readonly type: Scalar;
  /** Width, of a bit field. */
  readonly bits: number | null;
}

function findLeaves(layout: LayoutData): Leaf[] {
  switch (layout.kind) {
    case "scalar":
      return [{ path: [], type: layout.type, bits: null }];
    case "bits":
      return layout.fields.map(({ name, width }) => ({ path: [{ field: name }], type: "u32", bits: width }));
    case "array":
      return findLeaves(layout.of).map((leaf) => ({ ...leaf, path: [{ length: layout.length }, ...leaf.path] }));
    case "struct":
      return layout.fields.flatMap(({ name, layout: part }) =>
        findLeaves(part).map((leaf) => ({ ...leaf, path: [{ field: name }, ...leaf.path] })),
      );
    case "spinLock":
      return [];
  }
}

const known = new WeakMap<LayoutData, Leaf[]>();
export function leavesOf(layout: LayoutData): readonly Leaf[] {
  const found = known.get(layout) ?? findLeaves(layout);
  known.set(layout, found);
  return found;
}

/** The leaf as the target of an assignment: every index on the way is proven. */
export function written(to: Writer, view: View, leaf: Leaf): string {
  to.use(view);
  return leaf.path.reduce<string>((text, step, i) => {
    if ("field" in step) return `${text}.${step.field}`;
    const last = i === leaf.path.length - 1;
    return `${text}[${provenIndex(to, step.length)}]${last ? "" : "!"}`;
  }, view.text);
}

/** The leaf as a value of its type; `otherwise` stands for elements outside an array. */
export function read(to: Writer, view: View, leaf: Leaf, otherwise: () => string): string {
  to.use(view);
  let optional = false;
  const text = leaf.path.reduce<string>((base, step) => {
    if ("field" in step) return `${base}.${step.field}`;
    if (optional || to.draw.chance(0.75)) return `${base}[${provenIndex(to, step.length)}]!`;
    optional = true;
    return `${base}[${unprovenIndex(to, step.length)}]`;
  }, view.text);
  if (!optional) return text;
  // What follows an element that may be missing is reached through `?.`.
  const [element, rest] = split(text);
  return `(${element}${rest === "" ? "" : `?${rest}`} ?? ${otherwise()})`;
}

/** Cuts after the one index without a `!`. */
function split(text: string): readonly [string, string] {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "[") depth++;
    else if (text[i] === "]" && --depth === 0 && text[i + 1] !== "!") return [text.slice(0, i + 1), text.slice(i + 1)];
  }
  return [text, ""];
}
