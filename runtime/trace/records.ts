/** What a trace tells. */
import type { FlowEnds } from "../service/lifecycle.ts";

/** A frame, as far as it was kept. */
export interface TracedFrame {
  readonly bytes: Uint8Array;
  /** Of the whole; at most 2047 bytes are kept. */
  readonly length: number;
}

/** What became of a packet: sent on, given to the host, dropped, sent back by the way that it came; "abort" is a fault. */
export type TraceVerdict = "forward" | "host" | "drop" | "reply" | "abort";

export type MiddleboxVerdict = "pass" | "drop" | "reject" | "answer" | "route" | "ends" | "complete" | "wait";

/** What one middlebox of a chain has changed of the decision that those before it had come to. */
export interface Rewrite {
  /** `place`: where it is delivered, "10.0.0.7 in network 7". */
  readonly field: "source" | "destination" | "place";
  /** Null: nowhere yet. */
  readonly before: string | null;
  /** "from a pool": what that gives is known when the chain has decided. */
  readonly after: string;
}

interface Told {
  /** Counts the packets of this trace, from 1. */
  readonly packet: number;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly cpu: number;
  /** The packet's network; 0 outside overlays. */
  readonly vni: number;
  /** Its service by name; null when it has none, or none yet. */
  readonly service: string | null;
}

export type TraceRecord = Told &
  (
    | { readonly step: "arrived"; readonly interface: number; readonly frame: TracedFrame }
    | {
        readonly step:
          | "unwrapped"
          | "service"
          | "filter"
          | "entered"
          | "route"
          | "wrap"
          | "obstacle"
          | "error"
          | "refuse"
          | "translated";
      }
    /** What a middlebox of its service has said, when its filter or its decision was asked, in the order of the chain. */
    | {
        readonly step: "verdict";
        readonly middlebox: string;
        readonly hook: "filter" | "decide" | "holds" | "complete";
        /**
         * Of `holds`, "pass" says that it stands by what was decided, and "ends" that it does not; "complete" and "wait" are of
         * `complete`.
         */
        readonly verdict: MiddleboxVerdict;
        /** Why it has dropped or rejected the packet, in the service's words. */
        readonly reason: string | null;
        /** Of `decide`, where several of the chain decide: what this one has changed. Null where it is not told. */
        readonly rewrites: readonly Rewrite[] | null;
        /** Of `complete`: what is added to sequence numbers on the way to the client from now on, modulo 2^32. */
        readonly shift: number | null;
      }
    /** Its flow is known, and what its packets are to leave with. */
    | {
        readonly step: "flow";
        readonly direction: "client" | "reply";
        readonly ends: FlowEnds;
        /** It is a fragment, and follows its first. */
        readonly fragment: boolean;
      }
    /**
     * The service is asked to decide, or whether what it had decided holds; of a flow that waits, or is over, whether this is the
     * packet that it waits for, or the first of another connection.
     */
    | { readonly step: "ask"; readonly asks: "decide" | "holds" | "complete" | "anew" }
    | {
        readonly step: "decided";
        readonly outcome: "pass" | "drop" | "reject" | "answer" | "route" | "complete" | "wait" | "holds";
        /** Why it was dropped or rejected, in the service's words. */
        readonly reason: string | null;
        /** What its packets are to leave with; null when they do not. */
        readonly ends: FlowEnds | null;
      }
    /** By the node. */
    | { readonly step: "dropped"; readonly reason: string }
    | {
        readonly step: "left";
        readonly verdict: TraceVerdict;
        /** Why it was dropped or rejected, by the node or its service. */
        readonly reason: string | null;
        /** By number; null where it is not sent on. */
        readonly interface: number | null;
        readonly frame: TracedFrame;
      }
  );

export type TraceStep = TraceRecord["step"];
