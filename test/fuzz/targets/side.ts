/** One of the two executions that are compared: a whole batch, loaded once. */
import type { RawMap } from "../../kit/targets/map.ts";

export interface Outcome {
  readonly action: number;
  readonly packet: Uint8Array;
}

export interface Side {
  readonly name: "interpreter" | "kernel";
  run(program: string, packet: Uint8Array): Outcome;
  map(name: string): RawMap;
  global(name: string): Uint8Array;
  close(): void;
}
