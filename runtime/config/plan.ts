/**
 * From checked config to what is written where. Pure: the interpreter and the kernel are given the same bytes.
 *
 * Per kind, with M the field's maps (arrays of two inner maps, one per slot):
 * - scalar: bytes in the slot of the global `zeta_config`;
 * - prefixes, table: M[0] holds the entries;
 * - maglev: M[0] the table's slots, numbers of choices from 1 on, 0 for none; M[1] the choices; M[2] the same, for membership;
 * - secret: bytes beside the scalars;
 * - portPool: M as port-pool-plan.ts says; how many addresses of each family, beside the scalars;
 * - what belongs to the service itself (service.listen, service.endpoints): entries of one map, which has no slots.
 */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import type { LayoutData, StructLayout } from "../../sdk/layout/data.ts";
import { type Entries, writeEntries } from "./entries.ts";
import type { ConfigField, EncodedChoice, FieldContent } from "./fields.ts";
import { maglevTable } from "./maglev.ts";
import { poolCounts, poolMaps } from "./port-pool-plan.ts";
import { directMaps, splitPath } from "./schema.ts";
import { secretKeys } from "./secret.ts";
import type { Content } from "./validate.ts";

/** Holds the generation, then the scalars of both slots. The compiler's config-global.ts lays it out. */
export const CONFIG_GLOBAL = "zeta_config";

export interface MapContent {
  /** Name of the outer map. */
  readonly map: string;
  readonly entries: Entries;
}

export interface Plan {
  readonly maps: readonly MapContent[];
  /** Offsets are within a slot. */
  readonly scalars: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
  /** All entries of maps that have no slots. */
  readonly direct: readonly MapContent[];
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

const WORD_BYTES = 4;
/** As bpf-lib/config/maglev.ts has them. */
const NUMBER_BYTES = 2;
const SLOTS_OF_A_LINE = 32;

function tableOf({ size }: ConfigField, choices: readonly EncodedChoice[]): Entries {
  const slots = maglevTable(choices, size) ?? [];
  const lines = Math.ceil(slots.length / SLOTS_OF_A_LINE);
  const out = writeEntries(lines, WORD_BYTES, SLOTS_OF_A_LINE * NUMBER_BYTES);
  const [keys, values] = [new DataView(out.keys.buffer), new DataView(out.values.buffer)];
  for (let line = 0; line < lines; line++) {
    keys.setUint32(out.keyAt, line, true);
    for (const [at, choice] of slots.slice(line * SLOTS_OF_A_LINE, (line + 1) * SLOTS_OF_A_LINE).entries())
      values.setUint16(out.valueAt + at * NUMBER_BYTES, choice + 1, true);
    out.next();
  }
  return out.finish();
}

function choicesOf({ of }: ConfigField, choices: readonly EncodedChoice[]): Entries {
  const out = writeEntries(choices.length, WORD_BYTES, of.size);
  const keys = new DataView(out.keys.buffer);
  for (const [index, { bytes }] of choices.entries()) {
    keys.setUint32(out.keyAt, index, true);
    out.values.set(bytes, out.valueAt);
    out.next();
  }
  return out.finish();
}

function membersOf({ of }: ConfigField, choices: readonly EncodedChoice[]): Entries {
  const out = writeEntries(choices.length, of.size, 1);
  for (const { bytes } of choices) {
    out.keys.set(bytes, out.keyAt);
    out.values[out.valueAt] = 1;
    out.next();
  }
  return out.finish();
}

type Scalars = { readonly offset: number; readonly bytes: Uint8Array }[];

function scalarOf(slots: Slots, path: string, bytes: Uint8Array): Scalars {
  const offset = scalarOffset(slots, path);
  return offset === null ? [] : [{ offset, bytes }];
}

/** What lies in the global; null when the maps hold all of it. */
function partOf(field: ConfigField, content: unknown): Uint8Array | null {
  if (field.kind === "scalar") return content as FieldContent["scalar"];
  if (field.kind === "secret") return secretKeys(field, content as FieldContent["secret"]);
  return field.kind === "portPool" ? poolCounts(field, content as FieldContent["portPool"]) : null;
}

function mapsOf(manifest: Manifest, field: ConfigField, content: unknown): MapContent[] {
  switch (field.kind) {
    case "scalar":
    case "secret":
      return [];
    case "prefixes":
    case "table":
      return [{ map: field.maps[0] ?? "", entries: content as FieldContent["prefixes" | "table"] }];
    case "maglev": {
      const choices = content as FieldContent["maglev"];
      const [table = "", values = "", members = ""] = field.maps;
      return [
        { map: table, entries: tableOf(field, choices) },
        { map: values, entries: choicesOf(field, choices) },
        { map: members, entries: membersOf(field, choices) },
      ];
    }
    case "portPool":
      return poolMaps(manifest, field, content as FieldContent["portPool"]);
  }
}

export function planOf(manifest: Manifest, content: Content): Plan {
  const slots = slotsOf(manifest);
  const given = (manifest.service?.config ?? []).filter(({ path }) => content.has(path));
  return {
    maps: given.flatMap((field) => mapsOf(manifest, field, content.get(field.path))),
    scalars: given.flatMap((field) => {
      const part = partOf(field, content.get(field.path));
      return part === null ? [] : scalarOf(slots, field.path, part);
    }),
    direct: [...directMaps(manifest)].flatMap(([path, { name }]) =>
      content.has(path) ? [{ map: name, entries: content.get(path) as Entries }] : [],
    ),
  };
}
