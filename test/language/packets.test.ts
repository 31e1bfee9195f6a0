/** The packet: cursors, slices, truncation at every byte, moving both ends, copying in and out. */
import { expect } from "vitest";
import { tcp } from "../kit/index.ts";
import { calculates, onTargets, packetOf, verdicts } from "./harness.ts";

calculates(
  "take moves, peek does not, skip leaps; position and remaining tell",
  {
    input: { bytes: "u8[8]" },
    output: { r: "u32[10]" },
    body: `
  const { r } = output;
  const cursor = frame.cursor(14);
  r[0] = cursor.position;
  r[1] = cursor.peek(u8) ?? 99;
  r[2] = cursor.take(u16) ?? 99;
  r[3] = cursor.position;
  r[4] = cursor.skip(2) ? 1 : 0;
  r[5] = cursor.take(u32) ?? 99;
  const rest = frame.cursor(14).slice(8);
  if (rest === null) return Action.Drop;
  r[6] = rest.remaining;
  rest.skip(6);
  r[7] = rest.remaining;
  r[8] = rest.take(u32) === null ? 1 : 0;
  r[9] = rest.remaining;`,
  },
  [
    {
      input: { bytes: [1, 2, 3, 4, 5, 6, 7, 8] },
      output: { r: [14, 1, 0x0102, 16, 1, 0x05060708, 8, 2, 1, 0] },
    },
  ],
);

onTargets(
  "whatever is cut off is null, at every length, and nothing after it comes back",
  `
const first = header({ a: u16, b: u32 });
export default program("short", (frame) => {
  const cursor = frame.cursor(14);
  const one = cursor.take(first);
  const two = cursor.take(u8);
  const three = cursor.take(ipv6);
  const four = cursor.peek(u8);
  let seen = 0;
  if (one !== null) seen += 1;
  if (two !== null) seen += 2;
  if (three !== null) seen += 4;
  if (four !== null) seen += 8;
  const start = frame.cursor(0).take(header({ seen: u8, length: u8, remaining: u8, skipped: u8 }));
  if (start === null) return Action.Drop;
  start.seen = u8(seen);
  start.length = u8(frame.length);
  start.remaining = u8(frame.cursor(14).remaining);
  start.skipped = frame.cursor(14).skip(10) ? 1 : 0;
  return Action.Pass;
});`,
  async (running) => {
    for (let length = 14; length < 50; length++) {
      const [outcome] = await running.run(new Uint8Array(length));
      const seen = (length >= 20 ? 1 : 0) + (length >= 21 ? 2 : 0) + (length >= 37 ? 4 : 0) + (length >= 38 ? 8 : 0);
      expect([...(outcome?.packet.bytes.subarray(0, 4) ?? [])], `${length} bytes`).toEqual([
        seen,
        length,
        length - 14,
        length >= 24 ? 1 : 0,
      ]);
    }
  },
);

onTargets(
  "a cursor in a variable that branches move, and offsets that come from the packet",
  `
export default program("walking", (frame) => {
  const cursor = frame.cursor();
  const link = cursor.take(ethernetHeader);
  if (link === null || link.type !== EtherType.Ipv4) return Action.Pass;
  const ip = cursor.take(ipv4Header);
  if (ip === null || ip.start.words < 5) return Action.Drop;
  cursor.skip((ip.start.words - 5) * 4);
  if (ip.protocol !== 6) return Action.Pass;
  const ports = cursor.take(tcpHeader);
  if (ports === null) return Action.Aborted;
  return ports.destinationPort === 80 ? Action.Transmit : Action.Drop;
});`,
  async (running) => {
    const web = tcp("10.0.0.1:1000", "10.0.0.2:80");
    const outcomes = await running.run(
      web.syn(),
      web.syn({ ipv4: { options: [{ kind: "nop" }] } }),
      tcp("10.0.0.1:1000", "10.0.0.2:81").syn(),
      web.syn().truncate(40),
    );
    expect(verdicts(outcomes)).toEqual(["transmit", "transmit", "drop", "aborted"]);
  },
);

onTargets(
  "the head grows and shrinks; views are taken anew",
  `
const tag = header({ marker: u32 });
export default program("head", (frame) => {
  const what = frame.cursor(12).take(u16);
  if (what === null) return Action.Aborted;
  if (what === 1) {
    if (!frame.adjustHead(-4)) return Action.Aborted;
    const added = frame.cursor().take(tag);
    if (added === null) return Action.Aborted;
    added.marker = 0xdeadbeef;
    return Action.Pass;
  }
  if (what === 2) return frame.adjustHead(4) ? Action.Transmit : Action.Drop;
  return frame.adjustHead(-5000) ? Action.Aborted : Action.Drop;
});`,
  async (running) => {
    const packet = (what: number) => {
      const bytes = Uint8Array.from({ length: 30 }, (_, i) => i);
      bytes.set([0, what], 12);
      return bytes;
    };
    const [grown, cut, refused] = await running.run(packet(1), packet(2), packet(3));
    expect(verdicts([grown, cut, refused] as never)).toEqual(["pass", "transmit", "drop"]);
    expect([...(grown?.packet.bytes ?? [])]).toEqual([0xde, 0xad, 0xbe, 0xef, ...packet(1)]);
    expect([...(cut?.packet.bytes ?? [])]).toEqual([...packet(2).subarray(4)]);
    expect([...(refused?.packet.bytes ?? [])]).toEqual([...packet(3)]);
  },
);

onTargets(
  "the tail grows by zeroes and shrinks",
  `
export default program("tail", (frame) => {
  const what = frame.cursor(12).take(u16);
  if (what === null) return Action.Aborted;
  const before = frame.length;
  if (!frame.adjustTail(what === 1 ? 6 : -6)) return Action.Aborted;
  const length = frame.cursor().take(header({ before: u16, after: u16 }));
  if (length === null) return Action.Drop;
  length.before = u16(before);
  length.after = u16(frame.length);
  return Action.Pass;
});`,
  async (running) => {
    const packet = (what: number) => {
      const bytes = new Uint8Array(40).fill(7);
      bytes.set([0, what], 12);
      return bytes;
    };
    const [grown, cut] = await running.run(packet(1), packet(2));
    expect([...(grown?.packet.bytes ?? [])]).toEqual([0, 40, 0, 46, ...packet(1).subarray(4), 0, 0, 0, 0, 0, 0]);
    expect([...(cut?.packet.bytes ?? [])]).toEqual([0, 40, 0, 34, ...packet(2).subarray(4, 34)]);
  },
);

onTargets(
  "bytes are copied into memory and back at any offset; out of range is false",
  `
const block = struct({ bytes: array(u8, 4), word: u32 });
export default program("copying", (frame) => {
  const memory = local(block);
  const offset = frame.cursor(14).take(u16);
  if (offset === null) return Action.Aborted;
  if (!frame.read(offset, memory)) return Action.Drop;
  memory.bytes[0] = 99;
  memory.word = memory.word + 1;
  return frame.write(16, memory) ? Action.Pass : Action.Transmit;
});`,
  async (running) => {
    const packet = (offset: number) => {
      const bytes = Uint8Array.from({ length: 30 }, (_, i) => i);
      bytes.set([offset >> 8, offset & 255], 14);
      return bytes;
    };
    const outcomes = await running.run(packet(1), packet(22), packet(23), packet(65535));
    expect(verdicts(outcomes)).toEqual(["pass", "pass", "drop", "drop"]);
    expect([...(outcomes[0]?.packet.bytes.subarray(16, 24) ?? [])]).toEqual([99, 2, 3, 4, 6, 6, 7, 8]);
  },
);

onTargets(
  "headers are written in network order, bit fields one by one",
  `
export default program("writing", (frame) => {
  const cursor = frame.cursor(14);
  const ip = cursor.take(ipv4Header);
  if (ip === null) return Action.Drop;
  ip.start = { version: 4, words: 5 };
  ip.traffic.dscp = 46;
  ip.totalLength = 0x1234;
  ip.fragment.dontFragment = 1;
  ip.fragment.offset = 5;
  ip.source = ipv4("192.0.2.1");
  ip.destination = ipv4(u32(ip.source) + 1);
  return Action.Pass;
});`,
  async (running) => {
    const [outcome] = await running.run(new Uint8Array(34));
    expect(Buffer.from(outcome?.packet.bytes.subarray(14) ?? []).toString("hex")).toBe(
      `45b81234${"0000"}4005${"00000000"}c0000201c0000202`,
    );
  },
);

onTargets(
  "what the frame tells of itself",
  `
export default program("about", (frame) => {
  const out = frame.cursor(14).take(header({ length: u32, interface: u32, queue: u32 }));
  if (out === null) return Action.Drop;
  out.length = frame.length;
  out.interface = frame.ingressInterface;
  out.queue = frame.queue;
  return Action.Pass;
});`,
  async (running) => {
    const [outcome] = await running.run(packetOf(...new Array(12).fill(9)));
    expect([...(outcome?.packet.bytes.subarray(14) ?? [])]).toEqual([0, 0, 0, 26, 0, 0, 0, 1, 0, 0, 0, 0]);
  },
);
