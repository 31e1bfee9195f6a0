/**
 * Packets followed on every way through a node: which middlebox of a chain said what, in order; tunnels in and out; from one
 * family to the other; fragments behind their first.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { testRun } from "../../runtime/loader/test-run.ts";
import { type Node, openNode } from "../../runtime/node/node.ts";
import type { TraceOptions } from "../../runtime/trace/choose.ts";
import type { TraceRecord } from "../../runtime/trace/records.ts";
import { tracePrinter } from "../../runtime/trace/text.ts";
import type { Trace } from "../../runtime/trace/trace.ts";
import { fragments, geneve, type Packet, tcp, udp, vxlan } from "../kit/index.ts";
import { endpointOf, OWN4 } from "../overlay/underlay.ts";
import { built, relay, relayConfig } from "./sources.ts";

/** Loading takes seconds, more on a busy machine. */
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

/** Each says one thing of packets from one port; the third alone sees what comes back, and the fifth stands by nothing twice. */
const chain = `
import { answer, drop, endpoint, middlebox, pass, reject, service, u16 } from "zeta";

const first = middlebox("first", { filter: (packet) => (packet.sourcePort === 1 ? drop("one") : pass()) });
const second = middlebox("second", {
  filter(packet) {
    if (packet.sourcePort === 2) return reject("two");
    return packet.sourcePort === 3 ? answer(packet) : pass();
  },
});
const third = middlebox("third", { sees: "both", filter: (packet) => (packet.sourcePort === 8080 ? pass() : pass()) });
const fourth = middlebox("fourth", {
  decide: (flow) => (flow.sourcePort === 4 ? drop("four") : flow.forward()),
  holds: () => true,
});
const fifth = middlebox("fifth", {
  config: { target: endpoint, only: u16 },
  decide: (flow, { config }) => (flow.sourcePort === 5 ? reject("five") : flow.rewrite({ destination: config.target })),
  holds: (flow, { config }) => flow.sourcePort === config.only,
});
export default service("chain", { chain: [first, second, third, fourth, fifth] });
`;
const TARGET = "10.2.0.1";

let node: Node;
beforeAll(async () => {
  node = await openNode({ flows: 1000 });
  const listen = ["10.1.0.1:80/udp", "10.1.0.1:80/tcp"];
  await node.add(await built(chain), { config: { service: { listen }, fifth: { target: `${TARGET}:8080`, only: 6 } } });
  const nat64 = await built(readFileSync(new URL("../../examples/nat64/service.ts", import.meta.url), "utf8"));
  const external = { addresses: ["203.0.113.8"], forwards: {} };
  const prefix = { address: "64:ff9b::", length: 96 };
  await node.add(nat64, { config: { nat64: { prefix, refused: {}, external } } });
  await node.add(await built(relay()), { config: relayConfig(["10.1.0.1:53/udp@7"], `${TARGET}:8053`) });
  await node.tunnels.set([OWN4]);
  const host = { interface: 1, mtu: 1500 };
  await node.endpoints.set([
    endpointOf({ vni: 7, address: "10.0.0.7", ...host }, { kind: "vxlan", local: OWN4, remote: "192.0.2.7" }),
    endpointOf({ vni: 7, address: TARGET, ...host }, { kind: "geneve", local: OWN4, remote: "192.0.2.17" }),
  ]);
});
afterAll(() => node.close());

/** One trace serves all that choose nothing: beginning one takes seconds. */
let everything: Trace | null = null;
async function traceOf(options: TraceOptions | undefined): Promise<Trace> {
  if (options === undefined) {
    everything ??= await node.trace();
    return everything;
  }
  everything = null;
  node.endTrace();
  return node.trace(options);
}

/** Runs packets while all that is meant is traced; then what was told of them, packet by packet. */
async function told(sent: readonly Packet[], options?: TraceOptions): Promise<TraceRecord[][]> {
  const trace = await traceOf(options);
  for (const { bytes } of sent) testRun(trace.root, { packet: bytes });
  const packets: TraceRecord[][] = [[]];
  while (packets.length <= sent.length) {
    const { value, done } = await trace.next();
    if (done) break;
    packets.at(-1)?.push(value);
    if (value.step === "left") packets.push([]);
  }
  if (options !== undefined) trace.close();
  return packets.slice(0, -1);
}
/** In short: "filter of first: pass" of verdicts, and the names of all other steps. */
const steps = (records: readonly TraceRecord[] | undefined): string[] =>
  (records ?? []).map((one) => {
    if (one.step !== "verdict") return one.step;
    return `${one.hook} of ${one.middlebox}: ${one.verdict}${one.reason === null ? "" : ` (${one.reason})`}`;
  });
const lastOf = (records: readonly TraceRecord[] | undefined) =>
  records?.at(-1) as Extract<TraceRecord, { step: "left" }> | undefined;

describe("each middlebox of a chain is named with its verdict, in order, up to the one that ended it", () => {
  const from = (port: number) => udp(`10.0.0.9:${port}`, "10.1.0.1:80").payload("?");
  const FILTERS = ["filter of first: pass", "filter of second: pass", "filter of third: pass"];
  const NEW = ["arrived", "service", "filter", ...FILTERS, "ask"];

  test.each<[string, number, string[], string]>([
    ["dropped by a filter", 1, ["arrived", "service", "filter", "filter of first: drop (first: one)", "left"], "drop"],
    [
      "rejected by a filter",
      2,
      [
        "arrived",
        "service",
        "filter",
        FILTERS[0] as string,
        "filter of second: reject (second: two)",
        "refuse",
        "left",
      ],
      "reply",
    ],
    [
      "answered by a filter",
      3,
      ["arrived", "service", "filter", FILTERS[0] as string, "filter of second: answer", "left"],
      "reply",
    ],
    ["dropped by a decision", 4, [...NEW, "decide of fourth: drop (fourth: four)", "decided", "left"], "drop"],
    [
      "rejected by a decision",
      5,
      [...NEW, "decide of fourth: pass", "decide of fifth: reject (fifth: five)", "decided", "refuse", "left"],
      "reply",
    ],
    [
      "let pass by all",
      6,
      [...NEW, "decide of fourth: pass", "decide of fifth: pass", "decided", "entered", "route", "left"],
      "host",
    ],
  ])("%s", async (_, port, expected, verdict) => {
    const [records] = await told([from(port)]);
    expect(steps(records)).toEqual(expected);
    expect(lastOf(records)?.verdict).toBe(verdict);
    expect(records?.map(tracePrinter()).join("")).toContain("    filter of first: ");
  });

  test("of a known flow, and of a reply only those that see replies", async () => {
    const reply = udp(`${TARGET}:8080`, "10.0.0.9:6").payload("!");
    const [again, back] = await told([from(6), reply]);
    expect(steps(again)).toEqual(["arrived", "flow", "filter", ...FILTERS, "route", "left"]);
    expect(steps(back)).toEqual(["arrived", "flow", "filter", "filter of third: pass", "route", "left"]);
  });

  test("after a change of config, who stands by what was decided and who does not", async () => {
    await told([from(7)]);
    node.services.get("chain")?.config.set("fifth.target", `${TARGET}:8081`);
    const [stands, ends] = await told([from(6), from(7)]);
    const asked = ["arrived", "flow", "filter", ...FILTERS, "ask", "holds of fourth: pass"];
    expect(steps(stands)).toEqual([...asked, "holds of fifth: pass", "decided", "route", "left"]);
    const anew = ["decide of fourth: pass", "decide of fifth: pass", "decided", "entered", "route", "left"];
    expect(steps(ends)).toEqual([...asked, "holds of fifth: ends", ...anew]);
  });
});

test("in by one tunnel and out by another", async () => {
  const there = vxlan(udp("10.0.0.7:4000", "10.1.0.1:53").payload("?"), { from: "192.0.2.7", to: OWN4, vni: 7 });
  const back = geneve(udp(`${TARGET}:8053`, "10.0.0.7:4000").payload("!"), { from: "192.0.2.17", to: OWN4, vni: 7 });
  const [query, answer] = await told([there, back]);
  expect(steps(query)).toEqual([
    ...["arrived", "unwrapped", "service", "filter", "filter of relay: pass", "ask", "decide of relay: pass"],
    ...["decided", "entered", "wrap", "left"],
  ]);
  expect(steps(answer)).toEqual(["arrived", "unwrapped", "flow", "wrap", "left"]);
  expect(query?.slice(1).map(({ vni }) => vni)).toEqual(Array.from({ length: 10 }, () => 7));
  const outer = (records: readonly TraceRecord[] | undefined) => records?.map(tracePrinter()).join("") ?? "";
  expect(outer(query)).toMatch(/vxlan .*vni=7[\s\S]*geneve .*vni=7/);
  expect(outer(answer)).toMatch(/geneve .*vni=7[\s\S]*vxlan .*vni=7/);
  expect(lastOf(query)).toMatchObject({ verdict: "forward", interface: 1 });
  // By what is inside, and by what is outside.
  expect(steps((await told([there], { address: "10.0.0.7" }))[0])).toEqual([
    ...["arrived", "flow", "filter", "filter of relay: pass", "wrap", "left"],
  ]);
  expect(steps((await told([there], { address: "192.0.2.7" }))[0])).toContain("unwrapped");
});

test("from one family to the other, and back", async () => {
  const there = udp("[2001:db8::7]:5000", "[64:ff9b::c000:250]:53").payload("?");
  const [query] = await told([there]);
  expect(steps(query).slice(0, 7)).toEqual([
    "arrived",
    "service",
    "ask",
    "decide of nat64: pass",
    "decided",
    "entered",
    "translated",
  ]);
  expect(query?.map(tracePrinter()).join("")).toContain("becomes a packet of the other family");
  const [answer] = await told([udp("192.0.2.80:53", "203.0.113.8:5000").payload("!")]);
  expect(steps(answer)).toEqual(["arrived", "flow", "translated", "left"]);
});

test("fragments are told of as what follows their first, and those without one are dropped by name", async () => {
  const whole = udp("10.0.0.9:6", "10.1.0.1:80").payload("x".repeat(200));
  const pieces = fragments(whole, { size: 64 });
  const [first, later] = await told(pieces.slice(0, 2));
  expect(first?.[1]).toMatchObject({ step: "flow", fragment: false });
  expect(later?.[1]).toMatchObject({ step: "flow", fragment: true });
  expect(steps(later)).toContain("filter of third: pass");
  expect(later?.map(tracePrinter()).join("")).toContain("a fragment of a known flow of chain");
  const orphan = fragments(tcp("10.0.0.9:6", "10.1.0.1:80").payload("y".repeat(200)), { size: 64 })[1] as Packet;
  const [alone] = await told([orphan]);
  expect(steps(alone)).toContain("dropped");
  expect(lastOf(alone)?.reason).toBe("service: fragment without its first");
});
