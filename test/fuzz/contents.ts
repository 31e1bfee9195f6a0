/**
 * What maps hold before the first packet: the same bytes on both sides, made from the map's own shape and a seed, so
 * that a program that is being cut down keeps what is left of its world.
 */
import type { MapDeclaration, Module } from "../../compiler/ir/ir.ts";
import { encode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import type { MapData } from "../../sdk/maps/data.ts";
import { type Random, random } from "../kit/index.ts";
import type { RawMap } from "../kit/targets/map.ts";
import type { Side } from "./targets/side.ts";

/** A map whose contents are compared: one of the module's, or one put into a map of maps. */
export interface Watched {
  readonly path: string;
  readonly data: MapData;
  readonly raw: RawMap;
}

const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return hash;
}

/** A random value of a layout; `small` draws from few values, so that keys are met again. */
export function randomValue(layout: LayoutData, draw: Random, small: boolean): unknown {
  switch (layout.kind) {
    case "scalar": {
      if (layout.type === "bool") return draw.chance(0.5);
      if (small) return BigInt(draw.below(4));
      const bits = layout.type === "mac" ? 48 : layout.size * 8;
      const wide = (draw.u64() << 64n) | draw.u64();
      const value = BigInt.asUintN(draw.chance(0.3) ? Math.min(bits, 5) : bits, wide);
      return layout.type.startsWith("i") && !layout.type.startsWith("ip") ? BigInt.asIntN(bits, value) : value;
    }
    case "bits":
      return Object.fromEntries(
        layout.fields.map(({ name, width }) => [name, draw.below(small ? Math.min(4, 2 ** width) : 2 ** width)]),
      );
    case "array":
      return Array.from({ length: layout.length }, () => randomValue(layout.of, draw, small));
    case "struct":
      return Object.fromEntries(
        layout.fields
          .filter((field) => field.layout.kind !== "spinLock")
          .map((field) => [field.name, randomValue(field.layout, draw, small)]),
      );
    case "spinLock":
      return undefined;
  }
}

const bytesOf = (layout: LayoutData, draw: Random, small: boolean): Uint8Array =>
  encode(layout, randomValue(layout, draw, small));

/** One value for every CPU, each rounded up to eight bytes. */
function perCpu(layout: LayoutData, cpus: number, draw: Random): Uint8Array {
  const slot = Math.ceil(layout.size / 8) * 8;
  const out = new Uint8Array(slot * cpus);
  for (let cpu = 0; cpu < cpus; cpu++) out.set(bytesOf(layout, draw, false), cpu * slot);
  return out;
}

/** Keys are drawn small, so that a few entries are what programs find. Never more than half of what fits. */
function fillKeyed(data: MapData, raw: RawMap, draw: Random): void {
  const { key, value } = data;
  if (key === null || value === null) return;
  const indexed = data.kind === "array" || data.kind === "perCpuArray";
  for (let i = draw.below(Math.min(6, Math.ceil(data.maxEntries / 2)) + 1); i > 0; i--) {
    const at = indexed ? word(draw.below(data.maxEntries)) : prefixed(data, bytesOf(key, draw, true), draw);
    raw.update(at, data.kind.startsWith("perCpu") ? perCpu(value, raw.cpus, draw) : bytesOf(value, draw, false));
  }
}

/** A prefix's length must not exceed its key's. */
function prefixed(data: MapData, key: Uint8Array, draw: Random): Uint8Array {
  if (data.kind !== "lpm" || data.key?.kind !== "struct") return key;
  const bits = (data.key.fields[1]?.layout.size ?? 0) * 8;
  key.set(word(draw.pick([0, 8, bits - 1, bits, draw.below(bits + 1)])));
  return key;
}

function fill(watched: Watched, programs: readonly string[], draw: Random): Watched[] {
  const { data, raw, path } = watched;
  switch (data.kind) {
    case "queue":
    case "stack":
      for (let i = draw.below(Math.min(4, data.maxEntries) + 1); i > 0; i--)
        raw.push(bytesOf(data.value as LayoutData, draw, false));
      return [watched];
    case "userRingBuffer":
      for (let i = draw.below(5); i > 0; i--) raw.produce(draw.bytes(draw.pick([0, 4, 8, 16, 24, 40])));
      return [];
    case "progArray":
      for (let slot = 0; slot < data.maxEntries; slot++)
        if (draw.chance(0.6)) raw.insertProgram(word(slot), draw.pick(programs));
      return [];
    case "devmap":
    case "devmapHash":
      for (let i = draw.below(3); i > 0; i--) raw.update(word(draw.below(data.maxEntries)), word(1));
      return [];
    case "arrayOfMaps":
    case "hashOfMaps": {
      const keys = Array.from({ length: draw.below(3) }, () =>
        data.kind === "arrayOfMaps" ? word(draw.below(data.maxEntries)) : bytesOf(data.key as LayoutData, draw, true),
      );
      const distinct = new Map(keys.map((key) => [key.join(), key]));
      return [...distinct].flatMap(([name, key]) => {
        const inner = raw.insertMap(key);
        return fill({ path: `${path}[${name}]`, data: data.inner as MapData, raw: inner }, programs, draw);
      });
    }
    case "cpumap":
    case "bloom":
      return [];
    case "ringBuffer":
      return [watched];
    default:
      fillKeyed(data, raw, draw);
      return [watched];
  }
}

/** Fills the maps of one unit on one side, and gives those whose contents are to be compared. */
export function prepare(side: Side, module: Module, maps: readonly MapDeclaration[], seed: number): Watched[] {
  const programs = module.programs.map(({ name }) => name);
  return maps.flatMap((data) => {
    const suffix = /_\d+$/.exec(data.name)?.[0] ?? "";
    const own = programs.filter((name) => name.endsWith(suffix));
    return fill({ path: data.name, data, raw: side.map(data.name) }, own, random(seed ^ hashOf(data.name)));
  });
}
