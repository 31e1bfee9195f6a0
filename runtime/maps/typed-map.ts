/** Typed access to a map, by its description: the same one from which the program was compiled. */
import type { LayoutData } from "../../sdk/layout/data.ts";
import type { Layout } from "../../sdk/layout/layouts.ts";
import type { MapData, MapKind } from "../../sdk/maps/data.ts";
import type { MapHandle } from "../loader/map-handle.ts";
import { failure, pinnedLayoutDiffers } from "../loader/problems.ts";
import { type Codec, layoutCodec, partLayout, perCpuCodec } from "./codec.ts";
import { type BloomMap, bloomOver, type QueueMap, queueOver } from "./collections.ts";
import { type EventOptions, type EventStream, events } from "./events.ts";
import { type KeyedMap, keyedOver } from "./keyed.ts";
import { type MapOfMaps, nestedOver } from "./nested.ts";
import { parsePrefix } from "./prefix.ts";
import { type JumpTable, jumpTableOver } from "./programs.ts";
import { type Submitter, submitter } from "./submitter.ts";

/** What a typed ring buffer can do: be listened to. */
export interface EventSource<V> {
  readonly handle: MapHandle;
  events(layout: Layout<V> | LayoutData, options?: EventOptions): EventStream<V>;
}

export interface RecordTarget<V> {
  readonly handle: MapHandle;
  open(layout: Layout<V> | LayoutData): Submitter<V>;
}

/** Text of a prefix: "10.0.0.0/8". */
export type Prefix = `${string}/${number}`;

/** Kinds of maps that can stand by themselves and inside a map of maps. Per-CPU maps hold one value for each possible CPU. */
export interface PlainMaps<K, V> {
  readonly hash: KeyedMap<K, V>;
  readonly lruHash: KeyedMap<K, V>;
  readonly array: KeyedMap<K, V>;
  readonly perCpuHash: KeyedMap<K, readonly V[]>;
  readonly perCpuLruHash: KeyedMap<K, readonly V[]>;
  readonly perCpuArray: KeyedMap<K, readonly V[]>;
  readonly lpm: KeyedMap<K, V, K | Prefix>;
  readonly progArray: JumpTable;
  readonly devmap: KeyedMap<K, V>;
  readonly devmapHash: KeyedMap<K, V>;
  readonly cpumap: KeyedMap<K, V>;
  readonly queue: QueueMap<V>;
  readonly stack: QueueMap<V>;
  readonly bloom: BloomMap<V>;
  readonly ringBuffer: EventSource<V>;
  readonly userRingBuffer: RecordTarget<V>;
}

/** An inner map: of any kind but a map of maps, which the kernel does not nest. */
export type InnerMap = PlainMaps<any, any>[keyof PlainMaps<any, any>];

/** Per kind of map, what typed access to it looks like. */
export interface TypedMaps<K, V> extends PlainMaps<K, V> {
  readonly arrayOfMaps: MapOfMaps<K, InnerMap>;
  readonly hashOfMaps: MapOfMaps<K, InnerMap>;
}

/** A typed map whose kind is not known statically: `kind` tells. */
export type AnyTypedMap = { readonly [K in MapKind]: TypedMaps<any, any>[K] & { readonly kind: K } }[MapKind];

const keyCodec = (map: MapHandle, data: MapData): Codec<unknown> =>
  layoutCodec(partLayout(map, data, "key"), `a key of map '${data.name}'`);

const valueCodec = (map: MapHandle, data: MapData): Codec<unknown> =>
  layoutCodec(partLayout(map, data, "value"), `a value of map '${data.name}'`);

const keyed = (map: MapHandle, data: MapData): KeyedMap<unknown, unknown> => {
  const key = keyCodec(map, data);
  return keyedOver(map, key, valueCodec(map, data), key.encode);
};

const perCpu = (map: MapHandle, data: MapData): KeyedMap<unknown, readonly unknown[]> => {
  const key = keyCodec(map, data);
  return keyedOver(map, key, perCpuCodec(map, valueCodec(map, data)), key.encode);
};

const prefixes = (map: MapHandle, data: MapData): KeyedMap<unknown, unknown> => {
  const layout = partLayout(map, data, "key");
  const key = keyCodec(map, data);
  const given = (one: unknown): Uint8Array =>
    key.encode(typeof one === "string" ? parsePrefix(layout, one, `a key of map '${data.name}'`) : one);
  return keyedOver(map, key, valueCodec(map, data), given);
};

const nested = (map: MapHandle, data: MapData): MapOfMaps<unknown, InnerMap> => {
  if (data.inner === null)
    throw new TypeError(`The description of '${data.name}' does not say what its inner maps are.`);
  return nestedOver(map, data.inner, keyCodec(map, data), openInner);
};

const openInner = (map: MapHandle, data: MapData): InnerMap => openTyped(map, data) as InnerMap;

const OPEN: { readonly [K in MapKind]: (map: MapHandle, data: MapData) => TypedMaps<any, any>[K] } = {
  hash: keyed,
  lruHash: keyed,
  array: keyed,
  perCpuHash: perCpu,
  perCpuLruHash: perCpu,
  perCpuArray: perCpu,
  lpm: prefixes,
  arrayOfMaps: nested,
  hashOfMaps: nested,
  progArray: jumpTableOver,
  devmap: keyed,
  devmapHash: keyed,
  cpumap: keyed,
  queue: (map, data) => queueOver(map, valueCodec(map, data)),
  stack: (map, data) => queueOver(map, valueCodec(map, data)),
  bloom: (map, data) => bloomOver(map, valueCodec(map, data)),
  ringBuffer: (handle) => ({ handle, events: (layout, options) => events(handle, layout, options) }),
  userRingBuffer: (handle) => ({ handle, open: (layout) => submitter(handle, layout) }),
};

function openTyped(map: MapHandle, data: MapData): AnyTypedMap {
  if (map.kind !== data.kind) {
    const found = map.kind ?? `type ${map.type}`;
    throw failure(
      pinnedLayoutDiffers(null, data.name, `number ${map.id}`, `a map of kind ${found}`, `one of kind ${data.kind}`),
    );
  }
  return Object.assign(OPEN[data.kind](map, data), { kind: data.kind }) as AnyTypedMap;
}

/** Layouts from which the types of keys and values follow; their content is not looked at. */
export interface MapTypes<K, V, InnerK = any, InnerV = any> {
  readonly key?: Layout<K>;
  readonly value?: Layout<V>;
  /** Of the inner maps, for a map of maps. */
  readonly inner?: MapTypes<InnerK, InnerV>;
}

/** The inner map that a description of a map of maps promises. */
type InnerOf<D extends MapData, K, V> = D["inner"] extends { readonly kind: keyof PlainMaps<K, V> }
  ? PlainMaps<K, V>[D["inner"]["kind"]]
  : InnerMap;

/** What `typedMap` gives for a description of type `D`. */
export type TypedMapOf<D extends MapData, K = any, V = any, InnerK = any, InnerV = any> = MapKind extends D["kind"]
  ? AnyTypedMap
  : { readonly kind: D["kind"] } & (D["kind"] extends "arrayOfMaps" | "hashOfMaps"
      ? MapOfMaps<K, InnerOf<D, InnerK, InnerV>>
      : TypedMaps<K, V>[D["kind"]]);

/**
 * Keys and values encoded and decoded by the layouts of `data`. The kind of `data` decides what can be done with it;
 * `types` only tells TypeScript what keys and values are: `typedMap(map, data, { key: address, value: entry })`.
 * @throws ZT4009 when the map in the kernel is of another kind or size.
 */
export function typedMap<const D extends MapData, K = any, V = any, InnerK = any, InnerV = any>(
  map: MapHandle,
  data: D,
  _types?: MapTypes<K, V, InnerK, InnerV>,
): TypedMapOf<D, K, V, InnerK, InnerV> {
  return openTyped(map, data) as TypedMapOf<D, K, V, InnerK, InnerV>;
}
