/**
 * Operations of any content, with good tags: as a member that has gone mad would send them, or somebody who has learned a key. Both
 * targets do the same with each; nothing crashes, and what is dropped is counted.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tcp } from "zeta/testing";
import { BUCKETS } from "../../runtime/cluster/buckets.ts";
import { numberOfKey } from "../../runtime/cluster/data-plane.ts";
import { addressOf, introduce, KEY, openCluster, type Wire } from "../kit/cluster/cluster.ts";
import { type AnyMember, openKernelMember } from "../kit/cluster/kernel-member.ts";
import { openMember } from "../kit/cluster/member.ts";
import { AT, headerBytes, operationOf, tagged } from "../kit/cluster/operation.ts";
import { compileFirst } from "./compiled.ts";

compileFirst();

/** The loopback, which the kernel's test run takes for where packets come in. */
const SIDE = 1;
const ABORTED = 0;
const DROP = 1;
const REDIRECT = 4;
const FRAMES = 400;
const IDS = [1, 2, 3, 4];
const CHAIN = [2, 3, 4];

const services = [
  {
    source: new URL("../../examples/balancer/service.ts", import.meta.url),
    config: { "service.listen": ["10.1.0.1:80/tcp"], "balancer.backends": ["10.2.0.1:80"] },
  },
];

/** Numbers below a bound, the same ones every time (Numerical Recipes' constants). */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const wire: Wire[] = [];
beforeAll(async () => {
  const cluster = await openCluster({ forwarders: 1, chains: [3], services });
  const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
  for (const packet of [client.syn(), client.fin(), tcp("10.0.0.8:40000", "10.1.0.1:80").payload("GET /")])
    cluster.send(1, packet.bytes);
  wire.push(...cluster.wire());
}, 120_000);

/** What a forwarder writes as the time of now. */
function sentBy(forwarder: AnyMember): Uint8Array {
  const { packet } = forwarder.run(tcp("10.0.0.9:40000", "10.1.0.1:80").syn().bytes, SIDE + 1);
  return packet.slice(AT.sent, AT.detail);
}

/** One of the operations, with some bytes of it and of the packet behind it changed, and tagged. */
function mutated(among: readonly Uint8Array[], sent: Uint8Array | null, number: (below: number) => number): Uint8Array {
  const frame = among[number(among.length)] as Uint8Array;
  const out = frame.slice();
  const places = [
    ...Array.from({ length: AT.tag - AT.operation }, (_, index) => AT.operation + index),
    ...Array.from({ length: Math.max(0, headerBytes(frame) - AT.entry) }, (_, index) => AT.entry + index),
    ...Array.from({ length: frame.length - headerBytes(frame) }, (_, index) => headerBytes(frame) + index),
  ];
  for (let change = number(4); change >= 0; change--) out[places[number(places.length)] ?? 0] = number(256);
  // Otherwise few would come further than to the key.
  out[AT.key] = numberOfKey(KEY, 0);
  if (sent !== null) out.set(sent, AT.sent);
  return tagged(out, KEY);
}

/** Nanoseconds. */
const A_WHILE = 10_000_000_000_000_000n;

/** Seconds: no flow's time is up before it is counted, however busy the machine is. */
const HOUR = 3600;
const idle = { opening: HOUR, established: HOUR, closing: HOUR, udp: HOUR, icmp: HOUR, other: HOUR };
const TIMES = {
  forwarder: { zeta_idle: idle, zeta_table_resend: HOUR },
  table: { zeta_idle: idle, zeta_table_resend: HOUR },
} as const;

describe.each([
  ["forwarder", 1],
  ["table", 2],
  ["table", 3],
] as const)("a %s, member %i", (role, id) => {
  const members: { interpreter: AnyMember; kernel: AnyMember }[] = [];
  beforeAll(async () => {
    const options = { role, services, constants: TIMES[role] };
    const [interpreter, kernel] = [await openMember(options), await openKernelMember(options)];
    // At zero, a single changed bit would be a time of now, when an operation was asked back.
    if (role === "table") interpreter.advance(A_WHILE);
    members.push({ interpreter, kernel });
    const paths = Array.from({ length: BUCKETS }, () => ({ members: CHAIN, complete: CHAIN.length }));
    for (const member of [interpreter, kernel]) {
      await introduce(id, member, IDS);
      member.dataPlane.view({ id, address: addressOf(id), interfaces: [SIDE] }, { epoch: 1, paths });
    }
  }, 240_000);
  afterAll(() => {
    for (const { kernel } of members) kernel.close();
  });

  test(`does the same on both targets with ${FRAMES} of them`, () => {
    const [both] = members;
    if (both === undefined) throw new Error("No member was opened.");
    const runs = [both.interpreter, both.kernel].map((member) => {
      const number = numbers(20_261_127 + id);
      const among = wire.filter(({ to }) => to === id).map(({ frame }) => frame);
      const sent = role === "forwarder" ? sentBy(member) : null;
      let known: Readonly<Record<string, number>> = member.drops();
      return Array.from({ length: FRAMES }, (_, at) => {
        const { action, packet } = member.run(mutated(among, sent, number), SIDE);
        const drops = member.drops();
        const why = Object.keys(drops).filter((name) => drops[name] !== known[name]);
        known = drops;
        return { at, action, why, sends: action === REDIRECT ? operationOf(packet) : null };
      });
    });
    const [interpreter = [], kernel = []] = runs;
    for (const run of [interpreter, kernel]) {
      expect(run.filter(({ action }) => action === ABORTED)).toEqual([]);
      expect(run.filter(({ action, why }) => action === DROP && why.length !== 1)).toEqual([]);
    }
    // Where forwarders let packets go, the routes of this machine are no concern of the interpreter's.
    const ofTable = ({ at, why }: (typeof kernel)[number]) => ({
      at,
      why: why.filter((one) => one.startsWith("table:")),
    });
    if (role === "table") expect(interpreter).toEqual(kernel);
    else expect(interpreter.map(ofTable)).toEqual(kernel.map(ofTable));
    expect(both.interpreter.flows()).toBe(both.kernel.flows());
    // Some of either: that some are acted upon shows that others are refused for what they say.
    expect(kernel.filter(({ action }) => action === DROP).length).toBeGreaterThan(10);
    expect(both.kernel.flows()).toBeGreaterThan(10);
  });
});
