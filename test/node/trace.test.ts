/** Packets followed through a node: what is told of each; and that of a trace nothing is left. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { testRun } from "../../runtime/loader/test-run.ts";
import { type Node, openNode } from "../../runtime/node/node.ts";
import type { TraceOptions } from "../../runtime/trace/choose.ts";
import type { TraceRecord } from "../../runtime/trace/records.ts";
import { readTraceRow, traceRow } from "../../runtime/trace/row.ts";
import { tracePrinter } from "../../runtime/trace/text.ts";
import type { Trace } from "../../runtime/trace/trace.ts";
import { tcp, udp } from "../kit/index.ts";
import { built, relay, relayConfig } from "./sources.ts";

let node: Node;
beforeAll(async () => {
  node = await openNode({ flows: 1000 });
  const refusing = await built(relay({ refuses: "low port" }));
  await node.add(refusing, { config: relayConfig(["10.1.0.1:80/tcp"], "10.2.0.1:8080"), name: "refuser" });
  const six = relayConfig(["[2001:db8:1::1]:53/udp"], "[2001:db8:2::1]:9053");
  await node.add(await built(relay()), { config: six, name: "six" });
  await node.add(await built(relay()), { config: relayConfig(["10.1.0.1:53/udp"], "10.2.0.1:8053") });
});
afterAll(() => node.close());

/** Loading takes seconds, more on a busy machine. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const query = udp("10.0.0.7:4000", "10.1.0.1:53").payload("?");
const answer = udp("10.2.0.1:8053", "10.0.0.7:4000").payload("!");
const refused = tcp("10.0.0.7:4000", "10.1.0.1:80").syn();
const foreign = udp("10.0.0.9:4000", "10.9.0.1:53").payload("?");
const query6 = udp("[2001:db8::7]:4000", "[2001:db8:1::1]:53").payload("?");

interface Packet {
  readonly bytes: Uint8Array;
}

/** Runs packets through what stands on interfaces while the trace lasts; then the records of so many. */
async function records(trace: Trace, packets: readonly Packet[], of: number): Promise<TraceRecord[]> {
  for (const { bytes } of packets) testRun(trace.root, { packet: bytes });
  const told: TraceRecord[] = [];
  while (of > told.filter(({ step }) => step === "left").length) {
    const { value, done } = await trace.next();
    if (done) break;
    told.push(value);
  }
  return told;
}
const stepsOf = (told: readonly TraceRecord[], packet: number): string[] =>
  told.filter((one) => one.packet === packet).map(({ step }) => step);
const last = (told: readonly TraceRecord[], packet: number) =>
  told.find((one) => one.packet === packet && one.step === "left");

test("each packet is followed from its arrival to what became of it", async () => {
  await using trace = await node.trace();
  const told = await records(trace, [query, query, answer, refused, foreign], 5);
  const asked = ["filter", "verdict", "ask", "verdict", "decided"];
  expect(stepsOf(told, 1)).toEqual(["arrived", "service", ...asked, "entered", "route", "left"]);
  expect(stepsOf(told, 2)).toEqual(["arrived", "flow", "filter", "verdict", "route", "left"]);
  // The filter sees what clients send.
  expect(stepsOf(told, 3)).toEqual(["arrived", "flow", "route", "left"]);
  expect(stepsOf(told, 4)).toEqual(["arrived", "service", ...asked, "left"]);
  expect(stepsOf(told, 5)).toEqual(["arrived", "left"]);
  const ends = { source: "10.0.0.7:4000", destination: "10.2.0.1:8053" };
  expect(told[6]).toMatchObject({ step: "decided", service: "relay", outcome: "pass", reason: null, ends });
  expect(told.find(({ packet, step }) => packet === 3 && step === "flow")).toMatchObject({
    direction: "reply",
    ends: { source: "10.1.0.1:53", destination: "10.0.0.7:4000" },
  });
  expect(last(told, 4)).toMatchObject({ verdict: "drop", reason: "relay: low port", service: "refuser" });
  expect(last(told, 5)).toMatchObject({ verdict: "host", reason: null, service: null });
  // As it came, and as it is after its rewrite: the loopback has no way to the backend, so that the kernel is to see to it.
  expect(told[0]).toMatchObject({ step: "arrived", interface: 1, frame: { bytes: query.bytes } });
  const { verdict, frame } = last(told, 1) as Extract<TraceRecord, { step: "left" }>;
  const untraced = testRun(node.object.program(node.root), { packet: query.bytes });
  expect(Buffer.from(frame.bytes).toString("hex")).toBe(Buffer.from(untraced.packet).toString("hex"));
  expect(verdict).toBe("host");
  expect(trace.lost()).toBe(0n);
  // Nothing is lost on the way through JSON.
  expect(told.map((one) => readTraceRow(JSON.parse(JSON.stringify(traceRow(one)))))).toEqual(told);
  const print = tracePrinter();
  const text = told.map(print).join("");
  expect(text).toContain("  relay decided: pass: 10.0.0.7:4000 -> 10.2.0.1:8053\n");
  expect(text).toContain("*destination=10.2.0.1");
  expect(text).toContain("drop (relay: low port), 54 bytes");
});

test.each<[string, TraceOptions, readonly Packet[], number]>([
  ["address", { address: "10.1.0.1" }, [query, answer, refused], 3],
  // Known by what they are rewritten to: a flow's first packet too, once it is decided.
  ["backend", { address: "10.2.0.0/24" }, [udp("10.0.0.7:4001", "10.1.0.1:53").payload("?"), query, answer], 3],
  ["port", { port: 8053 }, [query, answer], 2],
  ["protocol", { protocol: "tcp" }, [refused], 1],
  ["service", { service: "refuser" }, [refused], 1],
  ["network", { vni: 0 }, [query, answer, refused, foreign, query6], 5],
  ["address of the other family", { address: "2001:db8:1::/64", protocol: 17 }, [query6], 1],
])("only packets of the chosen %s are told", async (_, options, meant, count) => {
  await using trace = await node.trace(options);
  const others = [query, answer, refused, foreign, query6].filter((one) => !meant.includes(one));
  // The last one is meant: whatever was told of others would have come before it.
  const told = await records(trace, [...others, ...meant], count);
  const arrived = told.flatMap((one) => (one.step === "arrived" ? [Buffer.from(one.frame.bytes)] : []));
  expect(arrived).toEqual(meant.map(({ bytes }) => Buffer.from(bytes)));
});

test("frames are kept whole to 2047 bytes, of any length", async () => {
  await using trace = await node.trace({ address: "10.1.0.1" });
  const frames = [1, 2, 83, 84, 85, 1430, 2005, 2006].map((size) =>
    udp("10.0.0.7:4000", "10.1.0.1:53").payload(Uint8Array.from({ length: size }, (_, i) => i)),
  );
  const told = await records(trace, frames, frames.length);
  const kept = told.flatMap((one) => (one.step === "arrived" ? [one.frame] : []));
  expect(kept.map(({ length }) => length)).toEqual(frames.map(({ bytes }) => bytes.length));
  expect(kept.map(({ bytes }) => Buffer.from(bytes))).toEqual(
    frames.map(({ bytes }) => Buffer.from(bytes.subarray(0, 2047))),
  );
});

test("records that find no room are counted, and those after them are told again", async () => {
  await using trace = await node.trace({ address: "10.9.0.1" });
  testRun(trace.root, { packet: foreign.bytes, repeat: 3000 });
  expect(trace.lost()).toBeGreaterThan(0n);
  const told = await records(trace, [], 500);
  expect(told.at(-1)).toMatchObject({ step: "left" });
});

test("what cannot be chosen, and a second trace, are refused", async () => {
  const refusal = (options: TraceOptions, code: string) => expect(node.trace(options)).rejects.toThrow(code);
  await refusal({ address: "10.1.0" }, "ZT8121");
  await refusal({ port: 0 }, "ZT8121");
  await refusal({ protocol: "http" }, "ZT8121");
  await refusal({ service: "nobody" }, "ZT8101");
  const trace = await node.trace();
  await refusal({}, "ZT8120");
  // Whoever waits for the next record learns that it has ended.
  const next = trace.next();
  node.endTrace();
  expect(await next).toEqual({ done: true, value: undefined });
  await using again = await node.trace();
  expect(again.root.id).not.toBe(trace.root.id);
});
