/**
 * Scalar config, and the small parts of other fields, lives in one global of two slots. The lowest bit of the config's generation names
 * the slot that serves: user space fills the other one and then counts the generation up, which the node reads once for a packet.
 * The number leads the global too, for the program of a service that stands in the root's place, and finds it without the node.
 */
import type { LayoutData, StructLayout } from "../../../sdk/layout/data.ts";
import { array, type Layout, struct, u32, u64 } from "../../../sdk/layout/layouts.ts";
import type { ModuleBuilder } from "../module.ts";
import type { ConfigSpec } from "./spec.ts";

export const CONFIG_GLOBAL = "zeta_config";

const of = (layout: LayoutData): Layout<unknown> => ({ layout });

/** How many external addresses a port pool has, by family. */
export const poolCounts = struct({ ipv4: u32, ipv6: u32 }).layout;

/** A secret, and the one before it. */
export const secretKeys = struct({ low: u64, high: u64, previousLow: u64, previousHigh: u64 }).layout;

const PARTS: Readonly<Partial<Record<ConfigSpec["kind"], LayoutData>>> = { portPool: poolCounts, secret: secretKeys };

/** What a field has in the global; null when its maps hold all of it. */
export function partOf(spec: ConfigSpec): LayoutData | null {
  return spec.kind === "scalar" ? spec.of : (PARTS[spec.kind] ?? null);
}

/** One slot: a struct per middlebox that has scalar fields. */
function slotLayout(module: ModuleBuilder): StructLayout | null {
  const boxes = (module.service?.chain ?? []).flatMap((box) => {
    const fields = [...box.config].flatMap(([name, spec]) => {
      const part = module.folded.has(`${box.name}.${name}`) ? null : partOf(spec);
      return part === null ? [] : [[name, of(part)] as const];
    });
    return fields.length === 0 ? [] : [[box.name, struct(Object.fromEntries(fields))] as const];
  });
  return boxes.length === 0 ? null : (struct(Object.fromEntries(boxes)).layout as StructLayout);
}

export interface ConfigGlobal {
  readonly global: number;
  readonly slots: StructLayout | null;
  readonly stride: number;
  readonly slotsOffset: number;
}

/** Declares the global when first asked for. */
export function configGlobal(module: ModuleBuilder): ConfigGlobal {
  const slots = slotLayout(module);
  const { layout } =
    slots === null ? struct({ generation: u32 }) : struct({ generation: u32, slots: array(of(slots), 2) });
  const known = module.globals.findIndex((global) => global.name === CONFIG_GLOBAL);
  const at = { file: 0, line: 1, column: 1 };
  const global =
    known >= 0
      ? known
      : module.globals.push({
          name: CONFIG_GLOBAL,
          layout,
          constant: false,
          initial: new Uint8Array(layout.size),
          at,
        }) - 1;
  const slotsOffset = layout.kind === "struct" ? (layout.fields[1]?.offset ?? 0) : 0;
  return { global, slots, stride: slots?.size ?? 0, slotsOffset };
}

/** Where a scalar field lies within a slot. */
export function scalarField(
  slots: StructLayout | null,
  box: string,
  name: string,
): { readonly offset: number; readonly layout: LayoutData } | null {
  const part = slots?.fields.find((field) => field.name === box);
  const field = part?.layout.kind === "struct" ? part.layout.fields.find((each) => each.name === name) : undefined;
  return part === undefined || field === undefined
    ? null
    : { offset: part.offset + field.offset, layout: field.layout };
}
