/** What single middleboxes do to a packet that others do something to as well: what each has rewritten, and what ends a wait. */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { lookup } from "../../runtime/loader/map-operations.ts";
import { testRun } from "../../runtime/loader/test-run.ts";
import { word } from "../../runtime/loader/word.ts";
import { type Node, openNode } from "../../runtime/node/node.ts";
import type { TraceRecord } from "../../runtime/trace/records.ts";
import { readTraceRow, traceRow } from "../../runtime/trace/row.ts";
import { tracePrinter } from "../../runtime/trace/text.ts";
import type { Trace } from "../../runtime/trace/trace.ts";
import { type Packet, type TcpConversation, tcp, udp } from "../kit/index.ts";
import { built } from "./sources.ts";

/** Loading takes seconds, more on a busy machine. */
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** Each rewrites something of what those before it have left. */
const rewriters = (port: number): string => `
import { address, drop, middlebox, portPool, service, u16 } from "zeta";
const end = (text: string, port: number) => ({ address: address(text), port: u16(port) });
const mask = middlebox("mask", { decide: (flow) => flow.rewrite({ source: end("10.5.0.1", 5000) }) });
const idle = middlebox("idle", { decide: (flow) => flow.forward() });
const move = middlebox("move", { decide: (flow) => flow.rewrite({ destination: end("10.9.0.1", ${port}) }) });
const bring = middlebox("bring", {
  decide(flow) {
    if (flow.protocol === 6) return drop("no tcp");
    return flow.sourcePort === 5000 ? flow.deliver({ vni: 0, address: flow.destination }) : flow.forward();
  },
});
const share = middlebox("share", {
  config: { external: portPool({ max: 4, mapping: "per-endpoint" }) },
  decide: (flow, { config }) => flow.rewrite({ source: config.external, destination: end("2001:db8:9::9", 9) }),
});
export default service("rewriters", { chain: [mask, idle, move, bring, share], listen: "all" });
`;

let node: Node;
let trace: Trace | null = null;
beforeAll(async () => {
  node = await openNode({ flows: 1000 });
});
afterEach(() => {
  trace?.close();
  trace = null;
  for (const service of [...node.services.values()]) service.remove();
});
afterAll(() => node.close());

const CONFIG = { share: { external: { addresses: ["203.0.113.8"], forwards: {} } } };
/** What is told of one packet. */
async function told({ bytes }: Packet): Promise<TraceRecord[]> {
  trace ??= await node.trace();
  testRun(trace.root, { packet: bytes });
  const records: TraceRecord[] = [];
  while (records.at(-1)?.step !== "left") {
    const { value, done } = await trace.next();
    if (done) break;
    records.push(value);
  }
  expect(records.map((one) => readTraceRow(JSON.parse(JSON.stringify(traceRow(one)))))).toEqual(records);
  return records;
}
type Verdict = Extract<TraceRecord, { step: "verdict" }>;
const verdicts = (records: readonly TraceRecord[]): Verdict[] =>
  records.filter((one): one is Verdict => one.step === "verdict");
const rewrites = (records: readonly TraceRecord[]) =>
  Object.fromEntries(verdicts(records).map(({ middlebox, rewrites }) => [middlebox, rewrites]));
const text = (records: readonly TraceRecord[]): string => records.map(tracePrinter()).join("");

const MASKED = { field: "source", before: "10.0.0.7:4000", after: "10.5.0.1:5000" };
const moved = (port: number) => ({ field: "destination", before: "10.1.0.1:53", after: `10.9.0.1:${port}` });

test("each middlebox of a chain tells what it has rewritten of what those before it left", async () => {
  await node.add(await built(rewriters(80)), { config: CONFIG });
  const records = await told(udp("10.0.0.7:4000", "10.1.0.1:53").payload("?"));
  expect(rewrites(records)).toEqual({
    mask: [MASKED],
    idle: [],
    move: [moved(80)],
    bring: [{ field: "place", before: null, after: "10.9.0.1 in network 0" }],
    share: [
      { field: "source", before: "10.5.0.1:5000", after: "from a pool" },
      { field: "destination", before: "10.9.0.1:80", after: "[2001:db8:9::9]:9" },
    ],
  });
  expect(text(records)).toContain("    decide of mask: pass, source 10.0.0.7:4000 -> 10.5.0.1:5000\n");
  expect(text(records)).toContain("    decide of idle: pass\n");
  expect(text(records)).toContain("    decide of bring: pass, place -> 10.9.0.1 in network 0\n");
});

test("whoever ends the asking has rewritten nothing, and nobody behind it is told of; the next packet has its own", async () => {
  await node.add(await built(rewriters(80)), { config: CONFIG });
  const six = await told(tcp("[2001:db8::7]:4000", "[2001:db8:1::1]:53").syn());
  expect(rewrites(six)).toEqual({
    mask: [{ field: "source", before: "[2001:db8::7]:4000", after: "10.5.0.1:5000" }],
    idle: [],
    move: [{ field: "destination", before: "[2001:db8:1::1]:53", after: "10.9.0.1:80" }],
    bring: null,
  });
  expect(verdicts(six).at(-1)).toMatchObject({ middlebox: "bring", verdict: "drop", reason: "bring: no tcp" });
});

test("services that are upgraded or added while a trace lasts tell as well; afterwards their own programs decide", async () => {
  const added = await node.add(await built(rewriters(80)), { config: CONFIG });
  trace = await node.trace();
  const upgraded = await node.upgrade("rewriters", await built(rewriters(81)));
  expect(rewrites(await told(udp("10.0.0.7:4000", "10.1.0.1:53").payload("?")))).toMatchObject({ move: [moved(81)] });
  upgraded.remove();
  const again = await node.add(await built(rewriters(82)), { config: CONFIG });
  expect(rewrites(await told(udp("10.0.0.7:4000", "10.1.0.1:53").payload("?")))).toMatchObject({ move: [moved(82)] });
  const standing = (): number[] => {
    const programs = node.object.map("zeta_node_programs");
    return [2, 3].map((at) => Buffer.from(lookup(programs, word(again.index * 4 + at)) ?? []).readUInt32LE(0));
  };
  const { told: telling, decide } = again.manifest.service as { told: string; decide: string };
  expect(standing()).toEqual(Array(2).fill(again.object.program(telling).id));
  trace.close();
  expect(standing()).toEqual(Array(2).fill(again.object.program(decide).id));
  expect(added.index).toBe(again.index);
});

test("one that decides alone is told of by what the chain has come to", async () => {
  const limited = readFileSync(new URL("../services/programs/limited.ts", import.meta.url), "utf8");
  const { manifest } = await node.add(await built(limited), { config: { mover: { to: "10.9.0.1:80" } } });
  expect(manifest.service?.told).toBeNull();
  expect(rewrites(await told(udp("10.0.0.7:4000", "10.1.0.1:53").payload("?")))).toEqual({ mover: null });
});

/** What every client is told (test/services/programs/proxy.ts). */
const COOKIE = 0xffff_fff0;
const program = (file: string): string =>
  readFileSync(new URL(`../services/programs/${file}`, import.meta.url), "utf8");

test("what a hook has said of the packet that its flow waited for", async () => {
  const config = { mover: { to: { "10.1.0.0/16": "10.9.0.1:8080" } } };
  await node.add(await built(program("proxy.ts")), { config });
  const client = (port: number): TcpConversation => tcp(`10.0.0.7:${port}`, "10.1.0.1:80");
  const server = (port: number): TcpConversation => tcp("10.9.0.1:8080", `10.0.0.7:${port}`);
  const ask = (port: number) => told(client(port).ack({ tcp: { sequence: 1001, acknowledgement: COOKIE + 1 } }));
  const asked = await ask(4000);
  expect(rewrites(asked)).toMatchObject({
    proxy: [],
    mover: [{ field: "destination", before: "10.1.0.1:80", after: "10.9.0.1:8080" }],
  });
  const said = async (packet: Packet) => verdicts(await told(packet)).filter(({ hook }) => hook === "complete");
  const common = { middlebox: "proxy", hook: "complete", service: "proxy" };
  expect(await said(server(4000).ack({ tcp: { sequence: 5, acknowledgement: 9 } }))).toMatchObject([
    { ...common, verdict: "wait", shift: null, reason: null },
  ]);
  const answer = await told(server(4000).synAck({ tcp: { sequence: 7_000_000, acknowledgement: 1001 } }));
  const shift = (COOKIE - 7_000_000) >>> 0;
  expect(verdicts(answer).filter(({ hook }) => hook === "complete")).toMatchObject([
    { ...common, verdict: "complete", shift },
  ]);
  expect(text(answer)).toContain(`    complete of proxy: complete, sequence numbers + ${shift}\n`);
  await ask(4001);
  const fin = server(4001).packet(["fin", "ack"], { tcp: { sequence: 5, acknowledgement: 9 } });
  expect(await said(fin)).toMatchObject([{ ...common, verdict: "drop", reason: "proxy: ended" }]);
  await ask(4002);
  const urgent = server(4002).packet(["urg", "ack"], { tcp: { sequence: 5, acknowledgement: 9 } });
  expect(await said(urgent)).toMatchObject([{ ...common, verdict: "reject", reason: "proxy: urgent" }]);
  // By a version that has none wait, no middlebox says it.
  await ask(4003);
  await node.upgrade("proxy", await built(program("limited.ts")), { config: { mover: { to: "10.9.0.1:80" } } });
  const late = await told(server(4003).synAck({ tcp: { sequence: 1, acknowledgement: 1001 } }));
  expect(late.map(({ step }) => step)).toEqual(["arrived", "flow", "ask", "decided", "refuse", "left"]);
  expect(late[3]).toMatchObject({ outcome: "reject", reason: null });
});
