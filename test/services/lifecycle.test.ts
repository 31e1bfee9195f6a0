/** The lifecycle of flows: opened, closed with totals, from the data plane's record to what a reader is told. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createCompiler, ZetaError } from "../../compiler/index.ts";
import { missingCapabilities } from "../../runtime/loader/capabilities.ts";
import { lookup, update } from "../../runtime/loader/map-operations.ts";
import { testRun } from "../../runtime/loader/test-run.ts";
import { word } from "../../runtime/loader/word.ts";
import { type Node, openNode } from "../../runtime/node/node.ts";
import { type FlowEvent, lifecycle } from "../../runtime/service/lifecycle.ts";
import { interpreter, kernel, type Packet, tcp, udp } from "../kit/index.ts";
import "../kit/matchers.ts";

const SERVICE = `
import { endpoint, middlebox, service, u8 } from "zeta";
const mover = middlebox("mover", {
  config: { to: endpoint, epoch: u8 },
  decide: (flow, { config }) => flow.rewrite({ destination: config.to }),
  holds: (flow, { config }) => flow.decided.destination.address === config.to.address,
});
export default service("mover", { chain: [mover], listen: "all" });
`;

const compiler = createCompiler();
async function compiled() {
  const result = await compiler.compile("/lifecycle-test/service.ts", {
    files: new Map([["/lifecycle-test/service.ts", SERVICE]]),
  });
  if (!result.ok) throw new ZetaError(result.problems);
  return result;
}
type Built = Awaited<ReturnType<typeof compiled>>;
let built: Built;
beforeAll(async () => {
  built = await compiled();
});

describe.each([interpreter, kernel])("on the target $name", (target) => {
  test("nothing is told while nobody listens; then what opens and what closes", async (context) => {
    const missing = await target.missing();
    if (missing !== null) return context.skip(`the ${target.name} target needs ${missing}`);
    const { module, manifest, code } = built;
    const config = { "mover.to": "10.9.0.1:80", "mover.epoch": 0 };
    await using running = await target.load({ module, manifest, object: code.object }, { config });
    const sizes = () => running.events("zeta_node_lifecycle").map((record) => (record as Uint8Array).length);
    await running.run(tcp("10.0.0.7:4000", "10.1.0.1:80").syn());
    expect(sizes()).toEqual([]);
    running.map("zeta_node_listeners").set(0, 1);
    await running.run(tcp("10.0.0.7:4001", "10.1.0.1:80").syn(), tcp("10.0.0.7:4001", "10.1.0.1:80").ack());
    const opened = sizes();
    expect(opened).toHaveLength(1);
    running.config.set("mover.to", "10.9.0.2:80");
    await running.run(tcp("10.0.0.7:4001", "10.1.0.1:80").ack());
    expect(sizes()).toEqual([...opened, ...opened]);
  });
});

const lacking = missingCapabilities();
const reason = process.getuid?.() === 0 && lacking.length === 0 ? null : `root is needed (${lacking.join(", ")})`;

describe("what a reader is told", () => {
  let node: Node;
  beforeAll(async () => {
    if (reason !== null) return;
    node = await openNode();
    const { manifest, code } = built;
    await node.add({ object: code.object, manifest }, { config: { mover: { to: "10.9.0.1:80", epoch: 0 } } });
  });
  afterAll(() => node?.close());
  beforeEach((context) => {
    if (reason !== null) context.skip(reason);
  });

  const service = () => node.services.get("mover") as NonNullable<ReturnType<Node["services"]["get"]>>;
  const send = (...packets: readonly Packet[]): void => {
    for (const { bytes } of packets) testRun(node.object.program(node.root), { packet: bytes });
  };
  const read = () => lifecycle(node, service().index, "mover");
  const next = async (events: AsyncGenerator<FlowEvent, undefined>): Promise<FlowEvent> =>
    (await events.next()).value as FlowEvent;

  test("flows that stand, then those that open, in both families; and totals when they close", async () => {
    const standing = udp("10.0.0.1:5000", "10.1.0.1:53");
    send(standing.payload("?"));
    const events = read();
    expect(await next(events)).toEqual({
      event: "opened",
      again: true,
      service: "mover",
      vni: 0,
      protocol: 17,
      flow: { source: "10.0.0.1:5000", destination: "10.1.0.1:53" },
      decided: { source: "10.0.0.1:5000", destination: "10.9.0.1:80" },
      generation: service().config.generation,
      at: null,
    });
    const client = tcp("10.0.0.7:4000", "10.1.0.1:80");
    const before = Date.now();
    const sent = [client.syn(), client.ack(), client.payload("hello")];
    const answers = [tcp("10.9.0.1:80", "10.0.0.7:4000").synAck(), tcp("10.9.0.1:80", "10.0.0.7:4000").payload("hi")];
    const waiting = next(events);
    send(...sent, ...answers);
    const opened = await waiting;
    expect(opened).toMatchObject({
      event: "opened",
      again: false,
      protocol: 6,
      flow: { source: "10.0.0.7:4000", destination: "10.1.0.1:80" },
      decided: { source: "10.0.0.7:4000", destination: "10.9.0.1:80" },
    });
    expect(Math.abs((opened.at as Date).getTime() - before)).toBeLessThan(10_000);

    service().config.set("mover.to", "[2001:db8::9]:80");
    send(client.payload("again"));
    expect(await next(events)).toMatchObject({
      event: "closed",
      reason: "replaced",
      flow: { source: "10.0.0.7:4000", destination: "10.1.0.1:80" },
      decided: { source: "10.0.0.7:4000", destination: "10.9.0.1:80" },
      sent: { packets: 3n, bytes: bytesOf(sent) },
      received: { packets: 2n, bytes: bytesOf(answers) },
    });
    send(tcp("[2001:db8::7]:4000", "[2001:db8:1::1]:80").syn());
    expect(await next(events)).toMatchObject({
      event: "opened",
      flow: { source: "[2001:db8::7]:4000", destination: "[2001:db8:1::1]:80" },
      decided: { source: "[2001:db8::7]:4000", destination: "[2001:db8::9]:80" },
    });
    await events.return(undefined);
  });

  test("a reader that fell behind is told of all that stand again", async () => {
    service().config.set("mover.to", "10.9.0.1:80");
    const events = read();
    const first = next(events);
    await first;
    const lost = node.object.map("zeta_node_lifecycle_lost");
    const told = new Set<string>();
    update(lost, word(0), Buffer.alloc(lost.copies * 8, 1));
    send(udp("10.0.0.2:6000", "10.1.0.1:53").payload("?"));
    let again = 0;
    while (again === 0 || told.size < 2) {
      const event = await next(events);
      told.add(`${event.event} ${event.flow.source}`);
      if (event.event === "opened" && event.again && event.flow.source === "10.0.0.2:6000") again += 1;
    }
    expect([...told]).toContain("opened 10.0.0.2:6000");
    await events.return(undefined);
  });

  test("when the reader has left, nobody listens", async () => {
    const events = read();
    await next(events);
    await events.return(undefined);
    const listeners = lookup(node.object.map("zeta_node_listeners"), word(0)) as Uint8Array;
    expect([...listeners]).toEqual([0, 0, 0, 0]);
    send(udp("10.0.0.3:6000", "10.1.0.1:53").payload("?"));
    const later = read();
    const flows: string[] = [];
    for (let event = await next(later); event.event === "opened" && event.again; event = await next(later)) {
      flows.push(event.flow.source);
      if (flows.includes("10.0.0.3:6000")) break;
    }
    expect(flows).toContain("10.0.0.3:6000");
    await later.return(undefined);
  });
});

const bytesOf = (packets: readonly Packet[]): bigint =>
  BigInt(packets.reduce((sum, { bytes }) => sum + bytes.length, 0));
