/** Ring buffers out, user ring buffers in. */
import { expect } from "vitest";
import { onTargets, packetOf, verdicts } from "../harness.ts";

const hex = (records: unknown[]) => records.map((record) => Buffer.from(record as Uint8Array).toString("hex"));

onTargets(
  "records are reserved and submitted, discarded, or copied out whole",
  `
const event = struct({ n: u32, kind: u8 });
const events = map.ringBuffer({ max: 4096 });
export default program("sending", (frame) => {
  const n = frame.cursor(14).take(u8);
  if (n === null) return Action.Drop;
  if (n >= 100) return events.output(event, { n, kind: 7 }) ? Action.Pass : Action.Drop;
  const record = events.reserve(event);
  if (record === null) return Action.Aborted;
  record.n = n;
  record.kind = 1;
  if (n === 50) {
    events.discard(record);
    return Action.Transmit;
  }
  events.submit(record);
  return Action.Pass;
});`,
  async (running) => {
    const outcomes = await running.run(packetOf(1), packetOf(50), packetOf(100), packetOf(2));
    expect(verdicts(outcomes)).toEqual(["pass", "transmit", "pass", "pass"]);
    expect(hex(running.events("events")).map((record) => record.slice(0, 10))).toEqual([
      "0100000001",
      "6400000007",
      "0200000001",
    ]);
    expect(running.events("events")).toEqual([]);
  },
);

onTargets(
  "a full ring refuses, and goes on when it has been read",
  `
const block = struct({ words: array(u64, 120) });
const events = map.ringBuffer({ max: 4096 });
export default program("filling", () => {
  const record = events.reserve(block);
  if (record === null) return Action.Drop;
  record.words[0] = 1n;
  events.submit(record);
  return Action.Pass;
});`,
  async (running) => {
    const five = [1, 2, 3, 4, 5].map((n) => packetOf(n));
    expect(verdicts(await running.run(...five))).toEqual(["pass", "pass", "pass", "pass", "drop"]);
    expect(running.events("events")).toHaveLength(4);
    expect(verdicts(await running.run(packetOf(1)))).toEqual(["pass"]);
  },
);

onTargets(
  "records of user space are drained in order, until the body returns false",
  `
const command = struct({ key: u32, value: u32 });
const commands = map.userRingBuffer({ max: 4096 });
const table = map.hash({ key: u32, value: u32, max: 16 });
export default program("receiving", (frame) => {
  let last = 0;
  const taken = commands.drain(command, (record) => {
    table.set(record.key, record.value);
    last = record.value;
    if (record.key === 99) return false;
    return true;
  });
  const out = frame.cursor(14).take(header({ taken: u8, last: u8 }));
  if (out === null) return Action.Drop;
  out.taken = u8(taken);
  out.last = u8(last);
  return Action.Pass;
});`,
  async (running) => {
    const send = (key: number, value: number) =>
      expect(running.map("commands").produce(new Uint8Array(Uint32Array.of(key, value).buffer))).toBe(true);
    const results = async () => {
      const [outcome] = await running.run(packetOf(255, 255));
      return [...(outcome?.packet.bytes.subarray(14) ?? [])];
    };
    expect(await results()).toEqual([0, 0]);
    send(1, 10);
    send(2, 20);
    send(99, 30);
    send(3, 40);
    expect(await results()).toEqual([3, 30]);
    expect(await results()).toEqual([1, 40]);
    expect(running.map("table").entries()).toEqual([
      [1, 10],
      [2, 20],
      [3, 40],
      [99, 30],
    ]);
  },
);
