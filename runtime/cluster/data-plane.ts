/** A view of the flow table as the data plane of one node has it: written so that a packet sees one view only. */
import { createHash } from "node:crypto";
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { parseIpv4, parseMac } from "../../sdk/layout/address.ts";
import { encode } from "../../sdk/layout/codec.ts";
import { word } from "../loader/word.ts";
import { layoutOf } from "../node/shapes.ts";
import type { NodeTables } from "../node/store.ts";
import { type Affinities, affinitiesOf } from "./affinities.ts";
import { BUCKETS } from "./buckets.ts";

/** The maps of bpf-lib/table that are written from here. */
export const TABLE_MAP = {
  view: "zeta_table_view",
  paths: "zeta_table_paths",
  members: "zeta_table_members",
  keys: "zeta_table_keys",
  affinity: "zeta_table_affinity",
} as const;

/** Complete members and joiners of a bucket: at most so many. */
export const MOST_PLACES = 8;
const MOST_SIDES = 4;

/** How another node is reached on the cluster's side. */
export interface Neighbour {
  /** The node's number in the cluster, 1 to 4095. */
  readonly id: number;
  /** IPv4. */
  readonly address: string;
  /** The interface that leads there, by number; the next hop's MAC address, and this node's own there. */
  readonly interface: number;
  readonly destination: string;
  readonly source: string;
}

/** A bucket's write path: complete members in order, then joiners. */
export interface Path {
  readonly members: readonly number[];
  readonly complete: number;
  /** In spans of the node: until then its head takes no flow for a new one. Not at all unless told. */
  readonly quiet?: number;
}

export interface PlacedView {
  /** 1 to 2^24 - 1. */
  readonly epoch: number;
  readonly paths: readonly Path[];
  /** In spans of the node: from then on it acts by it no more. For as long as it has it, unless told. */
  readonly until?: number;
}

/** Keys of the operations' tags: sixteen bytes each, in two places; those that are null are not good. */
export interface TagKeys {
  readonly keys: readonly [Uint8Array | null, Uint8Array | null];
  /** Which of them this node's own operations are made with. */
  readonly own: 0 | 1;
}

/**
 * What operations call a key by, whose tags are by it: its place, and seven bits of its hash, by which all members have the same number for
 * it, and hardly the one of the key before it in its place.
 */
export const numberOfKey = (key: Uint8Array, place: 0 | 1): number =>
  ((createHash("sha256").update(key).digest()[0] ?? 0) & 0xfe) | place;

export interface Self {
  readonly id: number;
  /** Its IPv4 address on the cluster's side. */
  readonly address: string;
  /** Interfaces of the cluster's side, by number: one to four. */
  readonly interfaces: readonly number[];
}

/** Memory order of an IPv4 address, as it lies in packets. */
const inMemory = (address: string): number => {
  const value = parseIpv4(address);
  if (value === null) throw new TypeError(`'${address}' is no IPv4 address.`);
  return Buffer.from([value >>> 24, value >>> 16, value >>> 8, value]).readUInt32LE();
};

const padded = <T>(values: readonly T[], length: number, fill: T): T[] =>
  Array.from({ length }, (_, index) => values[index] ?? fill);

export interface DataPlane extends Affinities {
  /** Which nodes there are, and how they are reached. Those before that are not among them are forgotten. */
  members(all: readonly Neighbour[]): void;
  keys(keys: TagKeys): void;
  /** In force for the next packet. Between two views whose epochs are both even or both odd, packets see none, and are dropped. */
  view(self: Self, view: PlacedView): void;
  /** Acts by none: packets that need another node are dropped, and so is what comes from others. */
  retire(): void;
  /** Of the view that it was given last; null before the first. */
  readonly epoch: number | null;
  /** Of the view that it acts by; null while it acts by none. */
  readonly acts: number | null;
}

/**
 * @param shares is told which part of all buckets the node keeps, as one of their chains' nodes, by each new view: that part of a tenant's quotas
 * is its to give out, whoever of its chain decides (docs/decisions/0101-quotas-by-chains.md)
 */
export function dataPlaneOf(
  manifest: Manifest,
  tables: Pick<NodeTables, "write">,
  shares: (part: number) => void = () => undefined,
): DataPlane {
  const layout = (map: string) => layoutOf(manifest, map, "value");
  const write = (map: string, index: number, value: unknown): void =>
    tables.write(map, word(index), encode(layout(map), value));
  let known: readonly number[] = [];
  let acting: number | null = null;
  /** As they were given last: who prolongs a view's lease gives the same again. */
  let given: readonly Path[] | null = null;
  /** What stands in the half of even epochs and in that of odd ones, by bucket: few buckets differ from one view to the next but one. */
  const laid: readonly [string[], string[]] = [[], []];
  /** Written whole before the view that they are of is in force. */
  function lay(parity: 0 | 1, paths: readonly Path[]): void {
    const half = laid[parity];
    // Most buckets share their path with others.
    const known = new Map<Path, { readonly name: string; readonly bytes: Uint8Array }>();
    const read = (path: Path) => {
      const { members, complete, quiet = 0 } = path;
      const value = { members: padded(members, MOST_PLACES, 0), complete, length: members.length, quiet };
      const made = { name: `${members} ${complete} ${quiet}`, bytes: encode(layout(TABLE_MAP.paths), value) };
      known.set(path, made);
      return made;
    };
    for (const [bucket, path] of paths.entries()) {
      const { name, bytes } = known.get(path) ?? read(path);
      if (half[bucket] === name) continue;
      tables.write(TABLE_MAP.paths, word(parity * BUCKETS + bucket), bytes);
      half[bucket] = name;
    }
  }
  let retired = false;
  const retire = (): void => {
    retired = true;
    write(TABLE_MAP.view, 0, { epoch: 0, self: 0, until: 0, address: 0, sides: padded<number>([], MOST_SIDES, 0) });
  };
  return {
    ...affinitiesOf((index, affinity) => tables.write(TABLE_MAP.affinity, word(index), word(affinity))),
    members(all) {
      for (const { id, address, interface: by, destination, source } of all)
        write(TABLE_MAP.members, id, {
          interface: by,
          address: inMemory(address),
          destination: parseMac(destination),
          source: parseMac(source),
        });
      const ids = all.map(({ id }) => id);
      for (const id of known.filter((one) => !ids.includes(one)))
        write(TABLE_MAP.members, id, { interface: 0, address: 0, destination: 0n, source: 0n });
      known = ids;
    },
    keys({ keys, own }) {
      const halves = (at: 0 | 8): bigint[] =>
        keys.map((key) => (key === null ? 0n : Buffer.from(key).readBigUInt64LE(at)));
      const good = keys.reduce((bits, key, index) => (key === null ? bits : bits | (1 << index)), 0);
      const numbers = keys.map((key, place) => (key === null ? 0 : numberOfKey(key, place as 0 | 1)));
      write(TABLE_MAP.keys, 0, { low: halves(0), high: halves(8), good, numbers, own: numbers[own] ?? 0 });
    },
    view({ id, address, interfaces }, { epoch, paths, until }) {
      // It has missed views: those paths that are in force stand where the new ones go.
      if (acting !== null && acting !== epoch && (acting & 1) === (epoch & 1)) retire();
      if (acting !== epoch || given !== paths) {
        lay((epoch & 1) as 0 | 1, paths);
        const held = paths.filter(({ members }) => members.includes(id)).length;
        if (held > 0) shares(held / paths.length);
        given = paths;
      }
      write(TABLE_MAP.view, 0, {
        epoch,
        self: id,
        until: until ?? 0,
        address: inMemory(address),
        sides: padded(interfaces, MOST_SIDES, 0),
      });
      acting = epoch;
      retired = false;
    },
    retire,
    get epoch() {
      return acting;
    },
    get acts() {
      return retired ? null : acting;
    },
  };
}
