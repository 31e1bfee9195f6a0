/** A trace as a pcapng capture: packets as they came and as they left, on an interface each, with what became of them. */
import { pcapngBlocks } from "../capture/pcapng.ts";
import type { TraceRecord } from "./records.ts";

const ETHERNET = 1;
const SNAP_LENGTH = 262_144;
const to = pcapngBlocks();
const BEFORE = 0;
const AFTER = 1;

/** The blocks that a capture begins with. */
export const captureStart = (): Uint8Array =>
  new Uint8Array(
    Buffer.concat([
      to.section(),
      ...["before", "after"].map((name) =>
        to.interface({ linkType: ETHERNET, snapLength: SNAP_LENGTH, name, resolution: "ns" }),
      ),
    ]),
  );

/** Its block; null for what tells of no bytes. A packet that goes nowhere is there as it was when it was dropped. */
export function captureBlock(record: TraceRecord): Uint8Array | null {
  if (record.step !== "arrived" && record.step !== "left") return null;
  const { frame, packet, time, service } = record;
  const words =
    record.step === "arrived"
      ? [`packet ${packet} arrived by interface ${record.interface}`]
      : [
          `packet ${packet}: ${record.verdict}`,
          ...(record.interface === null ? [] : [`by interface ${record.interface}`]),
          ...(service === null ? [] : [`service ${service}`]),
          ...(record.reason === null ? [] : [`reason: ${record.reason}`]),
        ];
  return to.packet({
    interface: record.step === "arrived" ? BEFORE : AFTER,
    ticks: time,
    bytes: frame.bytes,
    originalLength: frame.length,
    comment: words.join(", "),
  });
}
