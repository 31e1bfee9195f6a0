/** `map.hash({...})` and the methods of maps, one table by kind. */
import type { LayoutData, StructLayout } from "../../../sdk/layout/data.ts";
import { roundUp } from "../../../sdk/layout/data.ts";
import { scalarLayout } from "../../../sdk/layout/layouts.ts";
import { MAP_TYPE, type MapData, type MapKind } from "../../../sdk/maps/data.ts";
import type { MapOperand, Operand } from "../../ir/ir.ts";
import { coerce } from "../coerce.ts";
import type { Lowering } from "../lowering.ts";
import { badDeclaration, wrongArgument } from "../problems.ts";
import { ts } from "../typescript.js";
import {
  type BuiltinCall,
  type DeclaredValue,
  describe,
  type MapValue,
  type ObjectValue,
  placeOfField,
  type Value,
} from "../values.ts";
import {
  builtin,
  constantFlag,
  layoutOf,
  MOST_ENTRIES,
  named,
  option,
  optionalText,
  optionsArgument,
  wholeOption,
} from "./arguments.ts";
import { methods } from "./map-methods.ts";

const U32: LayoutData = scalarLayout("u32");
/** BPF_F_NO_PREALLOC and BPF_F_MMAPABLE of linux/bpf.h. */
const NO_PREALLOC = 1;
const MMAPABLE = 1024;

/** LPM keys: the prefix's length in bits, then the bytes it counts (struct bpf_lpm_trie_key). */
export const prefixKey = (key: LayoutData): StructLayout => ({
  kind: "struct",
  fields: [
    { name: "prefixLength", offset: 0, layout: U32 },
    { name: "key", offset: 4, layout: { ...key, align: 1 } as LayoutData },
  ],
  size: roundUp(4 + key.size, 4),
  align: 4,
});

/** Prefixes only mean something when the bytes are in network order. */
function checkPrefixKey(key: LayoutData, call: BuiltinCall): void {
  const ordered = (layout: LayoutData): boolean => {
    switch (layout.kind) {
      case "scalar":
        return layout.order === "big" || layout.size === 1;
      case "bits":
        return layout.order === "big" || layout.size === 1;
      case "array":
        return ordered(layout.of);
      case "struct":
        return layout.fields.every((field) => ordered(field.layout));
      case "spinLock":
        return false;
    }
  };
  if (!ordered(key) || key.size % 4 !== 0)
    call.to.refuse(
      (at) =>
        badDeclaration(
          at,
          "A prefix map's key is an address, or a struct in network order whose size is a multiple of 4.",
        ),
      call.node,
    );
}

type Shape = Pick<MapData, "key" | "value" | "flags" | "extra" | "inner">;
const PLAIN: Shape = { key: null, value: null, flags: 0, extra: 0, inner: null };

const layoutOption = (options: ObjectValue, name: string, call: BuiltinCall): LayoutData =>
  layoutOf(option(options, name, call.argument(0), call.to), placeOfField(options, name, call.argument(0)), call.to);
const keyed = (options: ObjectValue, call: BuiltinCall): Shape => ({
  ...PLAIN,
  key: layoutOption(options, "key", call),
  value: layoutOption(options, "value", call),
});
const indexed = (options: ObjectValue, call: BuiltinCall): Shape => ({
  ...PLAIN,
  key: U32,
  value: layoutOption(options, "value", call),
});
const valued = (options: ObjectValue, call: BuiltinCall): Shape => ({
  ...PLAIN,
  value: layoutOption(options, "value", call),
});
/** `mapped: true`: the kernel begins the values of such an array on a page, so that user space may map them. */
const mappable = (options: ObjectValue, call: BuiltinCall): Shape => {
  const mapped = option(options, "mapped", call.argument(0), call.to);
  const flags = mapped.kind !== "null" && constantFlag(mapped, "mapped", call.argument(0), call.to) ? MMAPABLE : 0;
  return { ...indexed(options, call), flags };
};
const slots = (): Shape => ({ ...PLAIN, key: U32, value: U32 });
const nested = (key: LayoutData, options: ObjectValue, call: BuiltinCall): Shape => {
  const of = option(options, "of", call.argument(0), call.to);
  if (of.kind !== "map" || of.inner !== null)
    return call.to.refuse(
      (at) => wrongArgument(at, "a map that shows the inner maps' shape", describe(of)),
      call.argument(0),
    );
  const { at: _, ...inner } = call.to.module.maps[of.map] as MapData & { at: unknown };
  if (isWrittenInPlace(call)) call.to.module.dropTemplate(of.map);
  return { ...PLAIN, key, value: U32, inner };
};

/** `of: map.hash({...})` declares nothing but a shape; `of: flows` names a map that exists for itself. */
function isWrittenInPlace(call: BuiltinCall): boolean {
  const [options] = call.node.arguments;
  if (options === undefined || !ts.isObjectLiteralExpression(options)) return false;
  return options.properties.some(
    (part) => ts.isPropertyAssignment(part) && part.name.getText() === "of" && ts.isCallExpression(part.initializer),
  );
}

type Declare = { readonly [K in MapKind]: (options: ObjectValue, call: BuiltinCall) => Shape };
const shapes: Declare = {
  hash: keyed,
  lruHash: keyed,
  perCpuHash: keyed,
  perCpuLruHash: keyed,
  array: mappable,
  perCpuArray: indexed,
  lpm: (options, call) => {
    const { key, value } = keyed(options, call);
    checkPrefixKey(key as LayoutData, call);
    return { ...PLAIN, key: prefixKey(key as LayoutData), value, flags: NO_PREALLOC };
  },
  arrayOfMaps: (options, call) => nested(U32, options, call),
  hashOfMaps: (options, call) => nested(layoutOption(options, "key", call), options, call),
  progArray: slots,
  devmap: slots,
  devmapHash: slots,
  cpumap: slots,
  queue: valued,
  stack: valued,
  bloom: (options, call) => ({
    ...valued(options, call),
    extra: wholeOption(options, "hashes", { from: 1, to: 15 }, call, 0, 5),
  }),
  ringBuffer: () => PLAIN,
  userRingBuffer: () => PLAIN,
};

/** What a ring buffer's bytes must be; null where it is content. */
const ringMistake = (bytes: number): string | null =>
  bytes >= 4096 && Number.isInteger(Math.log2(bytes))
    ? null
    : `A ring buffer's size is a power of two of at least 4096 bytes, not ${bytes}.`;

/** The bytes of a ring buffer, from an option of its author's. */
export function ringBytes(options: ObjectValue, name: string, call: BuiltinCall, otherwise: number | null): number {
  const bytes = wholeOption(options, name, { from: 1, to: MOST_ENTRIES }, call, 0, otherwise);
  const mistake = ringMistake(bytes);
  return mistake === null
    ? bytes
    : call.to.refuse((at) => badDeclaration(at, mistake), placeOfField(options, name, call.argument(0)));
}

const KIBIBYTE = 1024;
/** The kernel's limits on what one entry holds; for hash tables its allocator's, less what the entry itself takes. */
const LARGEST_VALUE: Partial<Readonly<Record<MapKind, number>>> = {
  hash: 4096 * KIBIBYTE - 1024,
  lruHash: 4096 * KIBIBYTE - 1024,
  perCpuHash: 32 * KIBIBYTE,
  perCpuLruHash: 32 * KIBIBYTE,
  perCpuArray: 32 * KIBIBYTE,
  lpm: 4096 * KIBIBYTE - 1024,
};
/** Keys are put together on the stack; those of prefix maps have 4 bytes of length before 256 of prefix. */
const LARGEST_KEY: Partial<Readonly<Record<MapKind, number>>> = { lpm: 260 };

function checkEntries(kind: MapKind, { key, value, inner }: Shape, call: BuiltinCall): void {
  const refuse = (reason: string): never => call.to.refuse((at) => badDeclaration(at, reason), call.argument(0));
  const check = (what: string, layout: LayoutData | null, largest: number): void => {
    if (layout !== null && (layout.size === 0 || layout.size > largest))
      refuse(`The ${what} of such a map takes 1 to ${largest} bytes, not ${layout.size}.`);
  };
  check("key", key, LARGEST_KEY[kind] ?? 512);
  check("value", value, LARGEST_VALUE[kind] ?? 2 ** 31 - 1);
  if (inner !== null && (inner.inner !== null || inner.kind === "progArray"))
    refuse(`A map inside a map holds values, not ${inner.inner === null ? "programs" : "maps"}.`);
}

/** Declares a map from the SDK call `map.KIND(options)`. */
function declare(kind: MapKind, call: BuiltinCall): MapValue {
  const options = optionsArgument(call, 0);
  const { to } = call;
  const given = optionalText(option(options, "name", call.argument(0), to), "the map's name", call.argument(0), to);
  const name = to.module.nameFor(given, "A map", call.node, to);
  const maxEntries =
    kind === "ringBuffer" || kind === "userRingBuffer"
      ? ringBytes(options, "max", call, null)
      : wholeOption(options, "max", { from: 1, to: MOST_ENTRIES }, call);
  const shape = shapes[kind](options, call);
  checkEntries(kind, shape, call);
  return { kind: "map", inner: null, map: to.module.declareMap({ name, kind, maxEntries, ...shape }, call.node, to) };
}

const KIND_OF: Readonly<Record<string, MapKind>> = {
  ...Object.fromEntries(Object.keys(MAP_TYPE).map((kind) => [kind, kind as MapKind])),
  programs: "progArray",
};

const maps: DeclaredValue = {
  kind: "declared",
  what: "the map kinds",
  data: null,
  names: Object.keys(KIND_OF).filter((name) => name !== "progArray"),
  member: (name) => {
    const kind = named(KIND_OF, name);
    return kind === null ? null : builtin(`map.${name}`, (call) => declare(kind, call));
  },
};

export const mapBuiltins: readonly (readonly [string, Value])[] = [["map", maps]];

/** The map an operation works on, and its shape. */
export function operandOf(map: MapValue, to: Lowering): { readonly operand: MapOperand; readonly data: MapData } {
  const data = to.module.maps[map.map] as MapData;
  if (map.inner === null) return { operand: { kind: "static", map: map.map }, data };
  return { operand: { kind: "dynamic", map: map.inner, shape: map.map }, data: data.inner as MapData };
}

export function mapMember(map: MapValue, name: string, _node: ts.Node, to: Lowering): Value | null {
  const { operand, data } = operandOf(map, to);
  const method = named(methods[data.kind], name);
  return method === null
    ? null
    : builtin(`${data.name}.${name}`, (call) => method({ map, operand, data, call, to: call.to }));
}

/** An index as a u32 in memory, as array-like maps want their keys. */
export function indexInMemory<R>(index: Value, node: ts.Node, to: Lowering, use: (place: Operand) => R): R {
  const typed = coerce(index, "u32", node, to);
  return to.withSlot(U32, "index", (place) => {
    to.push({
      kind: "store",
      place,
      offset: 0,
      bytes: 4,
      order: "little",
      value: typed.operand,
      align: 4,
      at: to.place,
    });
    return use(place);
  });
}
