/**
 * What a flow-table node has in its tables, as its agent looks it through: flows of either family, and beside each the bucket
 * that it is of (bpf-lib/table/beside.ts). Where fields lie is taken from the node's manifest.
 */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import type { StructLayout } from "../../sdk/layout/data.ts";
import { FLOW_TABLES, KEPT } from "../node/flow-tables.ts";
import { lives, MAPPINGS, offsets, PENDING, REPLY, wayLayout } from "../node/flow-ways.ts";

export type TableFamily = 4 | 6;
const FAMILIES: readonly TableFamily[] = [4, 6];

/** One entry of a table, as it was when it was looked at. */
export interface Standing {
  readonly family: TableFamily;
  readonly index: number;
  readonly serial: number;
  /** Null for what was entered by nobody of the cluster. */
  readonly bucket: number | null;
  /**
   * Whether it is of packets that a client sends: of all entries of a flow, the one that it is brought by. None of a flow that waits, which
   * is not to be known from its entries alone; what ends its waiting goes along the whole path.
   */
  readonly isClient: boolean;
}

/** An entry that the data plane is to bring (bpf-lib/table/transfer.ts). */
export interface TransferJob {
  readonly index: number;
  readonly serial: number;
  /** What an acknowledgement comes back with, and is kept beside the entry: 1 to 2^32 - 1. */
  readonly number: number;
}

/** A node's tables: memory that its programs share, and the programs that bring entries. */
export interface TableMemory {
  /** Whole ways, as many at a time as come cheap; `first` is the index of the first of them. */
  ways(family: TableFamily): Iterable<{ readonly first: number; readonly bytes: DataView }>;
  /** The way at an index, and what is kept beside it. */
  way(family: TableFamily, index: number): DataView;
  kept(family: TableFamily, index: number): DataView;
  /** Ends what stands at an index: one word, which needs no lock, and the way is free to take. */
  end(family: TableFamily, index: number): void;
  /** Sends entries on their way. Not more than `MOST_JOBS`. */
  bring(family: TableFamily, jobs: readonly TransferJob[]): void;
  /** In spans (bpf-lib/flow/time.ts). */
  now(): number;
}

/** What the queue of jobs takes. */
export const MOST_JOBS = 1024;
/** By family. */
export const KEPT_MAP: Readonly<Record<TableFamily, string>> = { 4: KEPT[0], 6: KEPT[1] };
export const FLOWS_MAP: Readonly<Record<TableFamily, string>> = { 4: FLOW_TABLES[0], 6: FLOW_TABLES[1] };
export const JOBS_MAP: Readonly<Record<TableFamily, string>> = { 4: "zeta_table_jobs4", 6: "zeta_table_jobs6" };
export const TRANSFER_PROGRAM: Readonly<Record<TableFamily, string>> = { 4: "zeta_transfer4", 6: "zeta_transfer6" };
/** Ethernet and IP: what a frame has that stands in the place of a packet. */
export const TRANSFER_FRAME: Readonly<Record<TableFamily, number>> = { 4: 34, 6: 54 };

export interface Tables {
  /** Everything that stands now. */
  standing(): Generator<Standing>;
  /** Forgets all that is of these buckets; with `strays`, also what was entered by nobody of the cluster. */
  forget(buckets: ReadonlySet<number>, strays: boolean): void;
  /** Whether an entry has gone since it was seen, at the time of `now`; or what came back for it last, 0 where nothing has. */
  broughtOf(one: Pick<Standing, "family" | "index" | "serial">, now: number): number | "gone";
}

interface Shape {
  readonly size: number;
  readonly until: number;
  readonly serial: number;
  readonly change: number;
  /** The key's last word: ports, then network and protocol. */
  readonly ports: number;
}

const mapNamed = (manifest: Manifest, name: string) => manifest.maps.find((map) => map.name === name);

function shapeOf(manifest: Manifest, family: TableFamily): Shape {
  const way = wayLayout(mapNamed(manifest, FLOWS_MAP[family]));
  if (way === null) throw new TypeError(`The node has no table '${FLOWS_MAP[family]}'.`);
  const at = offsets(way);
  const ports = at("key") + (family === 4 ? 8 : 32);
  return { size: way.size, until: at("until"), serial: at("serial"), change: at("change"), ports };
}

function keptLayout(manifest: Manifest): StructLayout {
  const value = mapNamed(manifest, KEPT_MAP[4])?.value;
  if (value?.kind !== "struct") throw new TypeError(`The node has no map '${KEPT_MAP[4]}'.`);
  return value;
}

export function tablesOf(manifest: Manifest, memory: TableMemory): Tables {
  const shapes = { 4: shapeOf(manifest, 4), 6: shapeOf(manifest, 6) } as const;
  const kept = offsets(keptLayout(manifest));
  const [keptSerial, keptBucket, keptBrought] = [kept("serial"), kept("bucket"), kept("brought")];

  function* standing(): Generator<Standing> {
    const now = memory.now();
    for (const family of FAMILIES) {
      const { size, until, serial, change, ports } = shapes[family];
      for (const { first, bytes } of memory.ways(family)) {
        for (let at = 0; at + size <= bytes.byteLength; at += size) {
          if (!lives(bytes.getUint32(at + until, true), now)) continue;
          const index = first + at / size;
          const own = bytes.getUint16(at + serial, true);
          const beside = memory.kept(family, index);
          const isMapping = bytes.getUint8(at + ports + 4) >= MAPPINGS && bytes.getUint32(at + ports, true) !== 0;
          yield {
            family,
            index,
            serial: own,
            bucket: beside.getUint32(keptSerial, true) === own ? beside.getUint16(keptBucket, true) : null,
            isClient: !isMapping && (bytes.getUint16(at + change, true) & (REPLY | PENDING)) === 0,
          };
        }
      }
    }
  }

  return {
    standing,
    forget(buckets, strays) {
      const all = buckets.size === 0 ? [] : standing();
      for (const { family, index, bucket } of all)
        if (bucket === null ? strays : buckets.has(bucket)) memory.end(family, index);
    },
    broughtOf({ family, index, serial }, now) {
      const { until, serial: serialAt } = shapes[family];
      const way = memory.way(family, index);
      if (way.getUint16(serialAt, true) !== serial || !lives(way.getUint32(until, true), now)) return "gone";
      return memory.kept(family, index).getUint32(keptBrought, true);
    },
  };
}
