/** What a run of the benchmarks tells. */
import type { ClusterPlace } from "../cases/cluster.ts";
import type { Spread } from "../measure/statistics.ts";

/** Where one packet goes, in all the programs that it enters. */
export interface Way {
  /** eBPF instructions as they were compiled; what the kernel's functions do is not among them. */
  readonly instructions: number;
  /** Among them, calls of the kernel's functions: look-ups that the kernel writes out in place too. */
  readonly calls: number;
}

/** The same work twice: ours and a rival's, net of the wrapper that restores the packet. */
export interface Row {
  readonly name: string;
  /** Nanoseconds per packet. */
  readonly ns: Spread;
  readonly rival: string;
  readonly rivalNs: Spread;
  /** Ours by theirs, of the least times. */
  readonly ratio: number;
  readonly instructions: number;
  readonly rivalInstructions: number;
  /** Of the program that packets enter by, all ways through it, counted after the verifier's rewriting, as the kernel holds them. */
  readonly instructionsOf: "xlated";
  /** What the first frame runs through; null where every packet is of a flow that is not known. */
  readonly way: Way | null;
  readonly rivalWay: Way | null;
  readonly flows: number;
  /** What the flows meet in the tables. */
  readonly pattern: string;
  readonly frameBytes: number;
  /** Of the wrapper alone: subtracted above. */
  readonly wrapperNs: Spread;
}

export interface BuildRow {
  readonly name: string;
  readonly milliseconds: Spread;
  /** At most so many milliseconds. */
  readonly target: number;
}

/** One of several tables that do the same work. */
export interface TableRow {
  readonly name: string;
  readonly table: string;
  /** Nanoseconds per packet, parsing and all, net of the wrapper. */
  readonly tableNs: Spread;
  readonly flows: number;
  /** How many the table has room for. */
  readonly entries: number;
  readonly pattern: string;
  readonly frameBytes: number;
  readonly wrapperNs: Spread;
}

/** What the kernel holds for something, by its own account. */
export interface MemoryRow {
  readonly name: string;
  /** Bytes, now. */
  readonly memory: number;
  /** Bytes that it never gets above, whatever packets and config come. */
  readonly most: number;
  /** Flows that there is room for; null where memory is for none. */
  readonly room: number | null;
}

/** What an operation of the flow table, or a packet, costs at one node of a cluster. */
export interface OperationRow {
  readonly name: string;
  /** Nanoseconds per packet, net of the wrapper. */
  readonly operationNs: Spread;
  readonly at: ClusterPlace | "siphash";
  /** Of an established flow's packet at a forwarder: by the same at a node by itself, measured in turn. */
  readonly ofSingle?: Spread;
  /** Flows that are hit. */
  readonly flows: number;
  /** Flows that stand in the table; 0 where each comes once, into an empty one. */
  readonly standing: number;
  readonly pattern: string;
  readonly frameBytes: number;
  readonly wrapperNs: Spread;
}

/** What a new flow costs all nodes that it comes to. */
export interface FlowRow {
  readonly name: string;
  /** The sum of its hops, each measured by itself, in nanoseconds. */
  readonly newFlowNs: Spread;
  /** Its whole walk, packets going from node to node by batches of 64, as the kernel has drivers hand them over. */
  readonly walkNs: Spread;
  /** The same one by one: no node's code is in the processor's nearest cache, since all the others had their turns in between. */
  readonly aloneNs: Spread;
  /** `walkNs` by the sum, of the least times. */
  readonly walkRatio: number;
  /** Whole walks a second, of one core that does all of it. */
  readonly perSecond: number;
  /** Operations that are sent, as their hop budget tells. */
  readonly hops: number;
  /** Bytes of operations on the cluster's side, for all its hops together. */
  readonly headerBytes: number;
}

export type AnyRow = Row | BuildRow | TableRow | MemoryRow | OperationRow | FlowRow;
