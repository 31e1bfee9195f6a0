/** A comparison: the same work in our language and in C, on the same maps with the same content. */
import { fileURLToPath } from "node:url";
import type { Packet, Verdict } from "../../test/kit/index.ts";
import type { Subject } from "../measure/subject.ts";

export interface BenchCase {
  readonly name: string;
  /** Our source, from the repository's root. */
  readonly source: string;
  /** Of a file in bench/rivals; or another source of ours, from the repository's root, to hold services against each other. */
  readonly rival: string;
  /** How the rival's filters are built, where it is one of ours; fused unless told. */
  readonly rivalFilters?: "tail-calls";
  /** Packets need an interface with routes behind it. */
  readonly routed: boolean;
  /** Which entries of its tables the flows meet. */
  readonly pattern: string;
  /** What becomes of every frame that is measured. */
  readonly verdict: Verdict;
  /** Distinct flows: a power of two. */
  readonly flows: number;
  /**
   * Every packet is of a flow that is not known (any more): flows are made from one frame, ours has room for so many and forgets
   * them at once, the rival's tables let go of the oldest.
   */
  readonly room?: number;
  /** Fills the maps of either side. */
  readonly fill: (subject: Subject) => void;
  /** The frames of the measurement, one a flow (of new flows: one), all of the same length. Runs whatever makes the flows known. */
  readonly frames: (subject: Subject) => readonly Packet[];
}

export const sourceOf = ({ source }: Pick<BenchCase, "source">): string =>
  fileURLToPath(new URL(`../../${source}`, import.meta.url));

/** Whether the rival is one of ours. */
export const isOurs = (rival: string): boolean => rival.endsWith(".ts");

/** Makes one packet for each flow. */
export const each = <T>(flows: number, make: (flow: number) => T): T[] =>
  Array.from({ length: flows }, (_, flow) => make(flow));
