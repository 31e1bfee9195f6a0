/** Flows that end without a packet are told of: when their time is over, when they are flushed, when others have their places. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openMemory } from "../../runtime/loader/map-memory.ts";
import { testRun } from "../../runtime/loader/test-run.ts";
import { flowWays } from "../../runtime/node/flow-ways.ts";
import { removeFlows } from "../../runtime/node/flows.ts";
import type { Node, NodeService } from "../../runtime/node/node.ts";
import { type FlowClosed, type FlowEvent, lifecycle } from "../../runtime/service/lifecycle.ts";
import { type Packet, tcp, udp } from "../kit/index.ts";
import { openLimited, reason } from "./limited.ts";

/** In seconds. */
const IDLE = { closing: 1, udp: 2 };

let node: Node;
let service: NodeService;
const events: FlowEvent[] = [];
const reading = new AbortController();
let read: Promise<void>;
beforeAll(async () => {
  if (reason !== null) return;
  ({ node, service } = await openLimited(IDLE));
  // Long over when somebody comes to listen: nothing is told of it.
  send(udp("10.0.0.99:1", "10.1.0.1:53").payload("?"));
  for (const _ of removeFlows(node, () => true));
  const started = lifecycle(node, service.index, "mover", { signal: reading.signal });
  read = (async () => {
    for await (const event of started) events.push(event);
  })();
});
afterAll(async () => {
  reading.abort();
  await read;
  node?.close();
});
beforeEach((context) => {
  if (reason !== null) context.skip(reason);
});

const send = (...packets: readonly Packet[]): void => {
  for (const { bytes } of packets) testRun(node.object.program(node.root), { packet: bytes });
};
const closed = (source: string): FlowClosed[] =>
  events.filter((event): event is FlowClosed => event.event === "closed" && event.flow.source === source);
/** All that is told of a flow until it has closed, and in the sweeps after that. */
const closedOnce = async (source: string): Promise<FlowClosed | undefined> => {
  await expect.poll(() => closed(source).length, { timeout: 30_000, interval: 50 }).toBeGreaterThan(0);
  return closed(source)[0];
};
const bytesOf = (packets: readonly Packet[]): bigint =>
  packets.reduce((sum, { bytes }) => sum + BigInt(bytes.length), 0n);

/** Each of the sweeps that come sees it, before it is over. */
const marker = async (port: number): Promise<void> => {
  const source = `10.0.9.9:${port}`;
  send(udp(source, "10.1.0.1:53").payload("?"));
  await closedOnce(source);
};

test("a flow that has idled is told of once, with what both directions carried", async () => {
  const client = udp("10.0.0.1:5000", "10.1.0.1:53");
  const sent = [client.payload("?"), client.payload("and another")];
  const answers = [udp("10.9.0.1:80", "10.0.0.1:5000").payload("an answer")];
  send(...sent, ...answers);
  expect(await closedOnce("10.0.0.1:5000")).toMatchObject({
    reason: "idle",
    vni: 0,
    protocol: 17,
    flow: { source: "10.0.0.1:5000", destination: "10.1.0.1:53" },
    decided: { source: "10.0.0.1:5000", destination: "10.9.0.1:80" },
    generation: service.config.generation,
    sent: { packets: 2n, bytes: bytesOf(sent) },
    received: { packets: 1n, bytes: bytesOf(answers) },
  });
  await marker(1);
  expect(closed("10.0.0.1:5000")).toHaveLength(1);
  expect(closed("10.0.0.99:1")).toEqual([]);
});

test("a connection that was closed is finished; in IPv6 too", async () => {
  service.config.set("mover.to", "[2001:db8:9::1]:80");
  const client = tcp("[2001:db8::7]:4000", "[2001:db8:1::1]:80");
  send(client.syn(), client.ack(), client.rst());
  expect(await closedOnce("[2001:db8::7]:4000")).toMatchObject({ reason: "finished", sent: { packets: 3n } });
  service.config.set("mover.to", "10.9.0.1:80");
});

test("flows that are flushed are told of", async () => {
  const client = tcp("10.0.0.2:5000", "10.1.0.1:80");
  send(client.syn(), client.ack());
  for (const _ of removeFlows(node, ({ client }) => client.sourcePort === 5000));
  expect(await closedOnce("10.0.0.2:5000")).toMatchObject({ reason: "flushed", sent: { packets: 2n } });
});

test("what the data plane has told of is not told again", async () => {
  const client = tcp("10.0.0.3:5000", "10.1.0.1:80");
  send(client.syn(), client.ack());
  await marker(2);
  service.config.set("mover.to", "10.9.0.2:80");
  send(client.ack());
  expect(await closedOnce("10.0.0.3:5000")).toMatchObject({ reason: "replaced" });
  await marker(3);
  expect(closed("10.0.0.3:5000")).toHaveLength(1);
});

test("a flow whose place another has taken is told of, as it was seen last", async () => {
  const client = tcp("10.0.0.4:6000", "10.1.0.1:80");
  send(client.syn(), client.ack());
  await marker(4);
  const table = flowWays(node).find(({ family }) => family === 4) as ReturnType<typeof flowWays>[number];
  {
    // As the data plane does it: another key, and another serial number.
    using memory = openMemory(table.map);
    const words = new Uint32Array(memory.bytes.buffer, memory.bytes.byteOffset, memory.bytes.length / 4);
    const mine = Buffer.from([10, 0, 0, 4]).readUInt32LE();
    let taken = 0;
    for (let at = 0; at < words.length; at += table.words) {
      if (words[at] !== mine && words[at + 1] !== mine) continue;
      words[at] = Buffer.from([10, 0, 5, 5]).readUInt32LE();
      words[at + table.until + 1] = ((words[at + table.until + 1] as number) + 2) >>> 0;
      taken += 1;
    }
    expect(taken).toBe(2);
  }
  expect(await closedOnce("10.0.0.4:6000")).toMatchObject({ reason: "idle", sent: { packets: 2n } });
});
