/** The data plane's own programs, interpreted in whole clusters with faults: they keep the flow table's invariants. */
import { beforeAll, describe, expect, test } from "vitest";
import { fromBytes } from "../../kit/index.ts";
import { random } from "../../kit/random.ts";
import { campaign, inWords } from "../campaign.ts";
import { planOf } from "../plan.ts";
import type { Flow, Packet } from "../wire.ts";
import { type Programs, programsOf } from "./compiled.ts";
import { decisionAt, endsOf, isAt, networkOf, numberOf, seen, tenantOf, toFrame } from "./frames.ts";
import { NETWORK, unwrapped } from "./overlay.ts";
import { byPrograms } from "./play.ts";
import { PROGRAMS } from "./shape.ts";

let programs: Programs;
beforeAll(async () => {
  programs = await programsOf();
}, 600_000);

test("histories keep all invariants, with faults of most kinds", () => {
  const play = byPrograms(programs);
  const { failures, ...summary } = campaign({ histories: 8, seed: 2, shape: PROGRAMS, play });
  for (const failure of failures) console.error(inWords(failure, play).join("\n"));
  expect(summary.violations).toBe(0);
  expect(summary.least.packets).toBeGreaterThanOrEqual(5000);
  expect(summary.least.flows).toBeGreaterThanOrEqual(200);
  expect(summary.stood).toBeGreaterThan(summary.histories);
  // Members were filled, and buckets moved.
  expect(summary.epochs / summary.histories).toBeGreaterThan(15);
  expect(Object.keys(summary.faults).length).toBeGreaterThan(12);
  expect(summary.least.faults).toBeGreaterThanOrEqual(5);
}, 900_000);

test("a history is the same, event by event, when its seed is played again", () => {
  const plan = { ...planOf(7, PROGRAMS), packets: 500, decisions: 0 };
  const [one, again] = [0, 1].map(() => byPrograms(programs)(plan, true));
  expect(again).toEqual(one);
  expect(one?.lines.length).toBeGreaterThan(500);
}, 600_000);

describe("frames", () => {
  const from = random(5);
  const flows = Array.from(
    { length: 40 },
    (_, index): Flow => ({ index, kind: index % 2 === 0 ? "connection" : "lenient", bucket: from.below(1024) }),
  );
  const packetOf = (flow: Flow, of: Partial<Packet>): Packet => ({
    flow,
    life: 1,
    kind: "DATA",
    from: "client",
    port: null,
    peer: null,
    id: 0,
    at: 0,
    ...of,
  });

  test("say whose packet they are, in either direction, and are whole", () => {
    for (const flow of flows) {
      const ends = endsOf(flow);
      const sent = toFrame(packetOf(flow, { kind: "SYN" }), ends, 70_000 + flow.index);
      expect(numberOf(sent)).toBe(70_000 + flow.index);
      const { network, frame } = unwrapped(sent);
      expect(network).toBe(networkOf(flow));
      expect(seen(frame)).toMatchObject({ flags: 2, wrong: null });
      expect(isAt(seen(frame).from, ends.client)).toBe(true);
      const back = seen(toFrame(packetOf(flow, { from: "server", port: 20_001, peer: 4711 }), ends, 1));
      expect(back.wrong).toBeNull();
      expect(decisionAt(back.from)).toBe(4711);
    }
  });

  test("of both tenants have the same ends", () => {
    const [first, second] = [0, 3].map((index): Flow => ({ index, kind: "connection", bucket: 77 }));
    expect([first, second].map((flow) => tenantOf(flow as Flow))).toEqual([0, 1]);
    expect(endsOf(second as Flow)).toEqual(endsOf(first as Flow));
  });

  test("of the second tenant are in its overlay", () => {
    const flow: Flow = { index: 3, kind: "connection", bucket: 77 };
    const { layers } = fromBytes(toFrame(packetOf(flow, { kind: "SYN" }), endsOf(flow), 7));
    expect(layers.map(({ kind }) => kind)).toEqual([
      "ethernet",
      "ipv4",
      "udp",
      "vxlan",
      "ethernet",
      "ipv4",
      "tcp",
      "payload",
    ]);
    expect(layers[3]).toMatchObject({ vni: NETWORK });
  });

  test("that were damaged are told from whole ones", () => {
    const frame = toFrame(packetOf(flows[0] as Flow, {}), endsOf(flows[0] as Flow), 9);
    for (const at of [20, 26, 33, 40, 56]) {
      const damaged = new Uint8Array(frame);
      damaged[at] = (damaged[at] as number) ^ 0x40;
      expect(seen(damaged).wrong, `byte ${at}`).toBe("has a wrong checksum");
    }
  });
});
