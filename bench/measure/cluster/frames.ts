/** Operations as the nodes themselves make them, with good tags. */

import { AT, LONG_BYTES, SHORT_BYTES, tagged } from "../../../test/kit/cluster/operation.ts";
import { tcp } from "../../../test/kit/index.ts";
import type { ClusterCase } from "../../cases/cluster.ts";
import { type Frames, openFrames, openVariedFrames } from "../wrapper.ts";
import { EPOCH, KEY, type Side } from "./sides.ts";

/** In a packet: its client's address and port, and its TCP flags. */
const [ADDRESS_AT, PORT_AT, FLAGS_AT] = [26, 34, 47] as const;
/** The wrapper varies so many bits of a port. */
const PORT_MASK = 0x3fff;
const FLAGS = { opening: 0x02, decide: 0x02, touch: 0x12, close: 0x11, lookup: 0x10, packet: 0x10 } as const;
/** Payloads that make frames' lengths multiples of eight: by themselves, behind a short operation, and behind a long one. */
const PAYLOAD = { alone: 10, short: 12, long: 16 } as const;

export interface Sides {
  readonly table: Side;
  readonly forwarder: Side;
}

/** A packet of a flow, by number: as the wrapper makes them of the first. */
export function packetOf(flow: number, flags: number, payload: number): Uint8Array {
  const bytes = Buffer.from(tcp("10.0.0.0:10000", "10.1.0.1:80").payload("x".repeat(payload)).bytes);
  bytes[FLAGS_AT] = flags;
  bytes.writeUInt32BE(bytes.readUInt32BE(ADDRESS_AT) + flow, ADDRESS_AT);
  bytes.writeUInt16BE(bytes.readUInt16BE(PORT_AT) + (flow & PORT_MASK), PORT_AT);
  return new Uint8Array(bytes);
}

/** What a forwarder makes of it that does not know its flow. */
function asked({ forwarder }: Sides, packet: Uint8Array): Uint8Array {
  const { packet: operation } = forwarder.run(packet);
  if (operation.length !== packet.length + SHORT_BYTES) throw new Error("The forwarder asked nobody.");
  return operation;
}

/** What goes along a chain for a flow: from the head to the next, and from its last to the forwarder. */
function alongOf(sides: Sides, flow: number): { readonly update: Uint8Array; readonly reply: Uint8Array } {
  const sent = (frame: Uint8Array): Uint8Array => sides.table.run(frame).packet;
  const update = sent(asked(sides, packetOf(flow, FLAGS.decide, PAYLOAD.long)));
  return { update, reply: sent(sent(update)) };
}

/** @param before bytes of the operation before the packet */
const varied = (frame: Uint8Array, count: number, before: number): Promise<Frames> =>
  openVariedFrames(frame, count, { address: before + ADDRESS_AT, port: before + PORT_AT });

/** The frames of a case, and by how many bytes its program makes them longer at the head. Tables are empty afterwards. */
export async function framesOf(
  { frames, hit }: ClusterCase,
  sides: Sides,
): Promise<{ readonly frames: Frames; readonly head: number }> {
  const emptied = (): void => {
    sides.table.empty();
    sides.forwarder.empty();
  };
  emptied();
  const entry = LONG_BYTES - SHORT_BYTES;
  switch (frames) {
    case "packet":
    case "opening": {
      const made = await varied(packetOf(0, FLAGS[frames], PAYLOAD.alone), hit, 0);
      return { frames: made, head: frames === "opening" ? SHORT_BYTES : 0 };
    }
    case "lookup":
    case "decide":
    case "touch":
    case "close":
      return {
        frames: await varied(asked(sides, packetOf(0, FLAGS[frames], PAYLOAD.short)), hit, SHORT_BYTES),
        head: entry,
      };
    case "stale": {
      const frame = Buffer.from(asked(sides, packetOf(0, FLAGS.decide, PAYLOAD.short)));
      frame.writeUInt32BE(EPOCH + 1, AT.epoch);
      return { frames: await varied(tagged(frame, KEY), hit, SHORT_BYTES), head: 0 };
    }
    case "refused": {
      const frame = asked(sides, packetOf(0, FLAGS.decide, PAYLOAD.short)).slice();
      frame[AT.tag] = (frame[AT.tag] ?? 0) ^ 1;
      return { frames: await varied(frame, hit, SHORT_BYTES), head: 0 };
    }
    default: {
      const made = Array.from({ length: hit }, (_, flow) => alongOf(sides, flow)[frames]);
      emptied();
      return { frames: await openFrames(made), head: frames === "reply" ? -LONG_BYTES : 0 };
    }
  }
}
