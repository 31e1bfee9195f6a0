/** Records of a trace as JSON says them: bytes in hexadecimal, with what the headers say; nanoseconds as text. */
import { type Layer, layersOf } from "./layers.ts";
import type { TracedFrame, TraceRecord } from "./records.ts";

export interface FrameRow {
  readonly bytes: string;
  readonly length: number;
  readonly layers: readonly Layer[];
}

type Rowed<T> = T extends bigint ? string : T extends TracedFrame ? FrameRow : T;
/** One line of `zeta trace --json`. */
export type TraceRow = TraceRecord extends infer R
  ? R extends R
    ? { readonly [K in keyof R]: Rowed<R[K]> }
    : never
  : never;

/** What a node says of a trace: records, and how many were lost since it began. */
export type TraceLine = TraceRow | { readonly lost: number };

const frameRow = ({ bytes, length }: TracedFrame): FrameRow => ({
  bytes: Buffer.from(bytes).toString("hex"),
  length,
  layers: layersOf(bytes),
});

export function traceRow(record: TraceRecord): TraceRow {
  const time = String(record.time);
  return "frame" in record ? { ...record, time, frame: frameRow(record.frame) } : { ...record, time };
}

/** What `traceRow` was given. */
export function readTraceRow(row: TraceRow): TraceRecord {
  const time = BigInt(row.time);
  if (!("frame" in row)) return { ...row, time };
  const { bytes, length } = row.frame;
  return { ...row, time, frame: { bytes: new Uint8Array(Buffer.from(bytes, "hex")), length } };
}
