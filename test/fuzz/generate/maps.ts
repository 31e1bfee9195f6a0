/** The maps that a unit declares: every kind, small enough that keys are met again, and large enough never to evict. */
import type { MapKind } from "../../../sdk/maps/data.ts";
import { isTight, type NamedLayout, plainStruct, randomStruct, scalarNamed } from "./layouts.ts";
import { type Resource, resource } from "./lifetime.ts";
import { ADDRESSES, anyWord } from "./scalars.ts";
import type { Writer } from "./writer.ts";

export interface DeclaredMap {
  readonly name: string;
  readonly kind: MapKind;
  readonly key: NamedLayout | null;
  readonly value: NamedLayout | null;
  readonly max: number;
  /** Of a map of maps: what it holds. */
  readonly inner: DeclaredMap | null;
  /** The live values found in it. */
  readonly values: Resource;
}

/** Kinds by how often they are declared. */
const KINDS: readonly (readonly [number, MapKind])[] = [
  [6, "hash"],
  [3, "lruHash"],
  [6, "array"],
  [2, "perCpuHash"],
  [1, "perCpuLruHash"],
  [2, "perCpuArray"],
  [2, "lpm"],
  [1.5, "arrayOfMaps"],
  [1.5, "hashOfMaps"],
  [1.5, "progArray"],
  [0.7, "devmap"],
  [0.7, "devmapHash"],
  [0.5, "cpumap"],
  [2, "queue"],
  [2, "stack"],
  [1, "bloom"],
  [2, "ringBuffer"],
  [1.2, "userRingBuffer"],
];

/** Scalar or struct, declared under a name where it is a struct. */
function valueLayout(to: Writer, budget: number): NamedLayout {
  const { draw } = to;
  if (draw.chance(0.3))
    return scalarNamed(
      draw.weighted([
        [2, "u64"],
        [1, "u32"],
        [1, anyWord(draw)],
      ]),
    );
  const made = randomStruct(draw, 4 + draw.below(budget - 3));
  const name = to.global("V");
  to.line(`const ${name} = ${made.text};`);
  return { text: name, layout: made.layout };
}

function keyLayout(to: Writer): NamedLayout {
  const { draw } = to;
  if (draw.chance(0.6)) return scalarNamed(draw.chance(0.5) ? "u32" : anyWord(draw));
  const made = plainStruct(draw, 1 + draw.below(3));
  const name = to.global("K");
  to.line(`const ${name} = ${made.text};`);
  return { text: name, layout: made.layout };
}

/** Prefix keys are addresses, or structs in network order. */
function prefixKey(to: Writer): NamedLayout {
  const { draw } = to;
  if (draw.chance(0.7)) return scalarNamed(draw.pick(ADDRESSES.filter((type) => type !== "mac")));
  const type = draw.pick(["ipv4", "u32"] as const);
  const name = to.global("K");
  to.line(`const ${name} = header({ k0: ${type}, k1: ${type === "u32" ? "u16, k2: u16" : "ipv4"} });`);
  const part = scalarNamed(type).layout;
  const big = { ...part, align: 1, order: "big" } as typeof part;
  const half = { ...scalarNamed("u16").layout, align: 1, order: "big" } as typeof part;
  const fields =
    type === "u32"
      ? [
          { name: "k0", offset: 0, layout: big },
          { name: "k1", offset: 4, layout: half },
          { name: "k2", offset: 6, layout: half },
        ]
      : [
          { name: "k0", offset: 0, layout: big },
          { name: "k1", offset: 4, layout: big },
        ];
  return { text: name, layout: { kind: "struct", fields, size: 8, align: 1 } };
}

const HASHES: ReadonlySet<MapKind> = new Set(["hash", "lruHash", "perCpuHash", "perCpuLruHash"]);
const ARRAYS: ReadonlySet<MapKind> = new Set(["array", "perCpuArray"]);
const INNER: readonly MapKind[] = ["hash", "array", "lruHash"];

interface Shape {
  readonly options: string;
  readonly map: Omit<DeclaredMap, "name" | "values">;
}

const U32 = scalarNamed("u32");

function shapeOf(kind: MapKind, to: Writer): Shape {
  const { draw } = to;
  const plain = { kind, key: null, value: null, inner: null };
  if (HASHES.has(kind)) {
    const [key, value] = [keyLayout(to), valueLayout(to, 32)];
    // An LRU map keeps everything well below its size only: its free nodes are shared out between CPUs.
    const max = kind.includes("ru") ? 4096 : draw.pick([4, 64, 256]);
    return { options: `key: ${key.text}, value: ${value.text}, max: ${max}`, map: { ...plain, key, value, max } };
  }
  if (ARRAYS.has(kind)) {
    const value = valueLayout(to, 40);
    const max = draw.pick([1, 3, 4, 8]);
    return { options: `value: ${value.text}, max: ${max}`, map: { ...plain, key: U32, value, max } };
  }
  switch (kind) {
    case "lpm": {
      const [key, value] = [prefixKey(to), valueLayout(to, 16)];
      return { options: `key: ${key.text}, value: ${value.text}, max: 64`, map: { ...plain, key, value, max: 64 } };
    }
    case "arrayOfMaps":
    case "hashOfMaps": {
      const innerKind = draw.pick(INNER);
      const { options, map } = shapeOf(innerKind, to);
      const inner: DeclaredMap = { ...map, name: "", values: resource("inner") };
      const key = kind === "arrayOfMaps" ? U32 : keyLayout(to);
      const of = `of: map.${innerKind}({ ${options} })`;
      const max = draw.pick([2, 4]);
      const text = kind === "arrayOfMaps" ? `${of}, max: ${max}` : `key: ${key.text}, ${of}, max: ${max}`;
      return { options: text, map: { ...plain, key, inner, max } };
    }
    case "queue":
    case "stack": {
      const value = valueLayout(to, 16);
      const max = draw.pick([1, 4, 16]);
      return { options: `value: ${value.text}, max: ${max}`, map: { ...plain, value, max } };
    }
    case "bloom": {
      const value = valueLayout(to, 16);
      const hashes = draw.chance(0.5) ? `, hashes: ${1 + draw.below(8)}` : "";
      return { options: `value: ${value.text}, max: 64${hashes}`, map: { ...plain, value, max: 64 } };
    }
    case "ringBuffer":
    case "userRingBuffer":
      return { options: "max: 4096", map: { ...plain, max: 4096 } };
    default:
      return { options: "max: 4", map: { ...plain, max: 4 } };
  }
}

/** Declares one map at the unit's top level. */
export function declareMap(to: Writer): DeclaredMap {
  const kind = to.draw.weighted(KINDS);
  const { options, map } = shapeOf(kind, to);
  const name = to.global("m");
  to.line(`const ${name} = map.${kind === "progArray" ? "programs" : kind}({ ${options} });`);
  return { ...map, name, values: map.inner?.values ?? resource(name) };
}

/** Layouts for records of ring buffers: every byte is a field's, for a reserved record is not zeroed. */
export function recordLayout(to: Writer): NamedLayout {
  for (let attempt = 0; attempt < 8; attempt++) {
    const made = randomStruct(to.draw, 8 + to.draw.below(24));
    if (isTight(made.layout)) return made;
  }
  return plainStruct(to.draw.fork(), 1);
}
