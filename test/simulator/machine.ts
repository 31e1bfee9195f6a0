/** A node of a simulated cluster, with what may be wrong with it. */
import type { SimulatedNode } from "./wire.ts";

export interface Machine<Body> {
  readonly number: number;
  readonly role: "forwarder" | "table";
  node: SimulatedNode<Body>;
  isUp: boolean;
  /** True time at which this life of it began, and when it last went. */
  started: number;
  stopped: number;
  lives: number;
  /** Its clock: of time itself, and what it showed when this life began. */
  rate: number;
  offset: number;
  pausedUntil: number;
  slowUntil: number;
  /** It reaches the store no more until then. */
  staleUntil: number;
  /** Epoch of the view that the store has told it, in this life of it. */
  knows: number;
}

export const NEVER = Number.NEGATIVE_INFINITY;

/** What its clock shows. */
export const localTime = ({ rate, offset, started }: Machine<unknown>, now: number): number =>
  offset + rate * (now - Math.max(0, started));
