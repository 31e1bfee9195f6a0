/**
 * From checked config to what is written where. Pure: the interpreter and the kernel are given the same bytes.
 *
 * Per kind, with M the field's maps (arrays of two inner maps, one per slot):
 * - scalar: bytes in the slot of the global `zeta_config`;
 * - prefixes, table: M[0] holds the entries;
 * - maglev: M[0] the table's slots, each { choice, used }; M[1] the choices, for membership;
 * - service.listen: the keys of the map of addresses, which has no slots.
 */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import type { LayoutData, StructLayout } from "../../sdk/layout/data.ts";
import type { ConfigField, EncodedChoice, EncodedEntry, FieldContent } from "./fields.ts";
import { maglevTable } from "./maglev.ts";
import { LISTEN, splitPath } from "./schema.ts";
import type { Content } from "./validate.ts";

/** Holds the generation, then the scalars of both slots. The compiler's config-global.ts lays it out. */
export const CONFIG_GLOBAL = "zeta_config";

export interface MapContent {
  /** Name of the outer map. */
  readonly map: string;
  readonly entries: readonly EncodedEntry[];
}

export interface Plan {
  readonly maps: readonly MapContent[];
  /** Offsets are within a slot. */
  readonly scalars: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
  /** All keys of the map of addresses; null when they stay as they are. */
  readonly listen: readonly Uint8Array[] | null;
}

/** Where the slots of scalars lie in the global. */
export interface Slots {
  readonly layout: StructLayout | null;
  readonly offset: number;
  readonly size: number;
}

export function slotsOf(manifest: Manifest): Slots {
  const global = manifest.globals.find((each) => each.name === CONFIG_GLOBAL);
  const slots =
    global?.layout.kind === "struct" ? global.layout.fields.find((field) => field.name === "slots") : undefined;
  if (slots?.layout.kind !== "array" || slots.layout.of.kind !== "struct") return { layout: null, offset: 0, size: 0 };
  return { layout: slots.layout.of, offset: slots.offset, size: slots.layout.of.size };
}

const fieldOf = (layout: LayoutData | undefined, name: string) =>
  layout?.kind === "struct" ? layout.fields.find((field) => field.name === name) : undefined;

/** Null for a field that no hook reads: it has no place. */
function scalarOffset({ layout }: Slots, path: string): number | null {
  const [part, name] = splitPath(path);
  const box = fieldOf(layout ?? undefined, part);
  const field = fieldOf(box?.layout, name);
  return box === undefined || field === undefined ? null : box.offset + field.offset;
}

const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** A slot of the table: the choice, then the byte that says there is one. */
function maglevMaps(field: ConfigField, choices: readonly EncodedChoice[]): MapContent[] {
  const [table = "", members = ""] = field.maps;
  const stride = Math.ceil((field.of.size + 1) / field.of.align) * field.of.align;
  const values = choices.map(({ bytes }) => {
    const value = new Uint8Array(stride);
    value.set(bytes);
    value[field.of.size] = 1;
    return value;
  });
  const slots = maglevTable(choices, field.size);
  const entries =
    slots === null
      ? []
      : Array.from(slots, (choice, slot) => ({ key: word(slot), value: values[choice] as Uint8Array }));
  const present = choices.map(({ bytes }) => ({ key: bytes, value: Uint8Array.of(1) }));
  return [
    { map: table, entries },
    { map: members, entries: present },
  ];
}

type Scalars = { readonly offset: number; readonly bytes: Uint8Array }[];

function scalarOf(slots: Slots, path: string, bytes: Uint8Array): Scalars {
  const offset = scalarOffset(slots, path);
  return offset === null ? [] : [{ offset, bytes }];
}

function mapsOf(field: ConfigField, content: unknown): MapContent[] {
  switch (field.kind) {
    case "scalar":
      return [];
    case "prefixes":
    case "table":
      return [{ map: field.maps[0] ?? "", entries: content as FieldContent["prefixes" | "table"] }];
    case "maglev":
      return maglevMaps(field, content as FieldContent["maglev"]);
  }
}

export function planOf(manifest: Manifest, content: Content): Plan {
  const slots = slotsOf(manifest);
  const given = (manifest.service?.config ?? []).filter(({ path }) => content.has(path));
  return {
    maps: given.flatMap((field) => mapsOf(field, content.get(field.path))),
    scalars: given
      .filter(({ kind }) => kind === "scalar")
      .flatMap(({ path }) => scalarOf(slots, path, content.get(path) as Uint8Array)),
    listen: (content.get(LISTEN) as readonly Uint8Array[] | undefined) ?? null,
  };
}
