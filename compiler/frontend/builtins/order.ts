/** What is taken from a packet is packed and in network order, whatever layout describes it. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import { header, type Layout } from "../../../sdk/layout/layouts.ts";

/** The layout as it stands in a packet. Structs are taken as they are declared; bare scalars in network order. */
export function reordered(layout: LayoutData): LayoutData {
  if (layout.kind === "struct") return layout;
  const wrapped: Layout<unknown> = { layout };
  const packed = header({ item: wrapped }).layout;
  return packed.kind === "struct" ? (packed.fields[0]?.layout ?? layout) : layout;
}
