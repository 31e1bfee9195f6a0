/** Where the fields of the flow tables' ways lie, for those who walk their memory word by word; from the node's manifest. */
import type { StructLayout } from "../../sdk/layout/data.ts";
import type { MapData } from "../../sdk/maps/data.ts";
import type { MapHandle } from "../loader/map-handle.ts";
import type { Node } from "./api.ts";
import { FLOW_TABLES } from "./flow-tables.ts";

/**
 * Bits of an entry's `change` (bpf-lib/flow/entry.ts): of replies, of a flow that waits for a packet from behind its service, and
 * of one whose other direction is of the other family.
 */
export const REPLY = 16;
export const PENDING = 128;
export const ACROSS = 256;

/** Where the fields of one way lie. */
export function offsets(way: StructLayout): (name: string) => number {
  const known = new Map(way.fields.map(({ name, offset }) => [name, offset]));
  return (name) => {
    const offset = known.get(name);
    if (offset === undefined) throw new TypeError(`Flows have no field '${name}'.`);
    return offset;
  };
}

/** The layout of one way of a table, from the page that it stands in. */
export function wayLayout(data: MapData | undefined): StructLayout | null {
  const page = data?.value;
  const ways = page?.kind === "struct" ? page.fields[0]?.layout : undefined;
  return ways?.kind === "array" && ways.of.kind === "struct" ? ways.of : null;
}

/** One table. Places are in words of 32 bits from the way's beginning. */
export interface FlowWays {
  readonly family: 4 | 6;
  readonly map: MapHandle;
  /** Of a way. */
  readonly words: number;
  readonly until: number;
  /** Of the key: both ports, and behind them network and protocol. */
  readonly ports: number;
  /** The word that `change` is in, and how far it is shifted there. */
  readonly change: number;
  readonly changeShift: number;
}

export const flowWays = ({ manifest, object }: Pick<Node, "manifest" | "object">): readonly FlowWays[] =>
  FLOW_TABLES.flatMap((name, index): FlowWays[] => {
    const way = wayLayout(manifest.maps.find((map) => map.name === name));
    const map = object.maps.get(name);
    if (way === null || map === undefined) return [];
    const at = offsets(way);
    const family = index === 0 ? 4 : 6;
    return [
      {
        family,
        map,
        words: way.size / 4,
        until: at("until") / 4,
        ports: at("key") / 4 + (family === 4 ? 2 : 8),
        change: at("change") >> 2,
        changeShift: (at("change") & 3) * 8,
      },
    ];
  });

const LONGEST_IDLE = 0x03ff_ffff;
/** Whether a flow lives: as bpf-lib/flow/ways/way.ts has it. */
export const lives = (until: number, now: number): boolean => (until - now - 1) >>> 0 < LONGEST_IDLE;
/** Mappings have protocols from here on, and ports (bpf-lib/flow/mapping.ts); no protocol with ports has such a number. */
export const MAPPINGS = 0x80;
