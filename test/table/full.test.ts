/**
 * A flow-table node whose table is full: what would need room is refused and counted, at the head and at a replica; nothing that lives
 * makes room for it, and old flows go on as they were decided.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tcp } from "zeta/testing";
import { BUCKETS } from "../../runtime/cluster/buckets.ts";
import { addressOf, introduce, KEY, openCluster } from "../kit/cluster/cluster.ts";
import { type AnyMember, openKernelMember } from "../kit/cluster/kernel-member.ts";
import { type MemberOptions, openMember } from "../kit/cluster/member.ts";
import { AT, operationOf, redirected, SHORT_BYTES, tagged } from "../kit/cluster/operation.ts";
import { compileFirst } from "./compiled.ts";

compileFirst();

/** The loopback, which the kernel's test run takes for where packets come in. */
const SIDE = 1;
const DROP = 1;
const REDIRECT = 4;
const SELF = 2;
/** Room for 512 flows at the most, of which a way in ten stays free. */
const FLOWS = 400;
const MOST = 640;
/** Of the client's source port, in the packet behind an operation of 86 bytes. */
const PORT_AT = SHORT_BYTES + 34;
/** Places in an entry (bpf-lib/table/operation.ts): the low byte of its version's epoch, and the client's port, sent and decided. */
const EPOCH_AT = AT.entry + 2;
const PORTS_AT = [AT.entry + 100, AT.entry + 104] as const;

const services = [
  {
    source: new URL("../../examples/balancer/service.ts", import.meta.url),
    config: {
      "service.listen": ["10.1.0.1:80/tcp"],
      "balancer.backends": ["10.2.0.1:80", "10.2.0.2:80", "10.2.0.3:80"],
    },
  },
];
const opens = {
  interpreter: (options: MemberOptions): Promise<AnyMember> => openMember(options),
  kernel: openKernelMember,
} as const;

/** A SYN as its forwarder sends it to the head. */
let decide: Uint8Array;
beforeAll(async () => {
  const cluster = await openCluster({ forwarders: 1, chains: [3], services });
  cluster.send(1, tcp("10.0.0.7:40000", "10.1.0.1:80").syn().bytes);
  const [first] = cluster.wire();
  decide = first?.frame as Uint8Array;
}, 120_000);

/** The same of another flow; tags are not of the packet. */
function decideOf(flow: number): Uint8Array {
  const frame = Buffer.from(decide);
  frame.writeUInt16BE(1024 + flow, PORT_AT);
  return new Uint8Array(frame);
}

describe.each(["interpreter", "kernel"] as const)("%s", (target) => {
  let node: AnyMember;
  beforeAll(async () => {
    node = await opens[target]({ role: "table", services, flows: FLOWS });
    await introduce(SELF, node, [1, 2, 3, 4]);
  }, 240_000);
  afterAll(() => node?.close());

  const setView = (epoch: number, members: readonly number[]): void =>
    node.dataPlane.view(
      { id: SELF, address: addressOf(SELF), interfaces: [SIDE] },
      { epoch, paths: Array.from({ length: BUCKETS }, () => ({ members, complete: members.length })) },
    );
  const decided = new Map<number, Uint8Array>();
  const refused: number[] = [];
  /** The entry that leaves, but for what differs from one time to the next: its version. */
  const decisionIn = (frame: Uint8Array): string =>
    Buffer.from(frame.slice(AT.entry + 8, AT.entry + 120)).toString("hex");

  test("a head refuses new flows, and counts them, when there is no room", () => {
    setView(1, [SELF, 3, 4]);
    for (let flow = 0; flow < MOST; flow++) {
      const { action, packet } = node.run(decideOf(flow), SIDE);
      if (action === REDIRECT) decided.set(flow, packet);
      else refused.push(flow);
    }
    expect(decided.size).toBeGreaterThan(FLOWS);
    expect(refused.length).toBeGreaterThan(50);
    expect(node.drops()).toEqual({ "table full": refused.length });
    expect(node.flows()).toBe(2 * decided.size);
  });

  test("all that it had decided stands, and goes on as it was decided", () => {
    for (const [flow, before] of decided) {
      const { action, packet } = node.run(decideOf(flow), SIDE);
      expect([action, operationOf(packet)]).toEqual([REDIRECT, "update"]);
      expect(decisionIn(packet)).toBe(decisionIn(before));
    }
    expect(node.flows()).toBe(2 * decided.size);
  });

  test("a replica refuses entries of new flows, and takes newer versions of those it has", () => {
    setView(2, [3, SELF, 4]);
    const before = node.drops()["table full"] ?? 0;
    const [known] = decided.values();
    const [flow] = refused;
    const newer = Buffer.from(redirected(known as Uint8Array, { to: SELF, place: 1, epoch: 2 }, KEY));
    newer[EPOCH_AT] = 2;
    const old = node.run(tagged(newer, KEY), SIDE);
    expect([old.action, operationOf(old.packet)]).toEqual([REDIRECT, "update"]);
    const other = Buffer.from(newer);
    other[EPOCH_AT] = 3;
    for (const place of PORTS_AT) other.writeUInt16BE(1024 + (flow as number), place);
    expect(node.run(tagged(other, KEY), SIDE).action).toBe(DROP);
    expect(node.drops()).toEqual({ "table full": before + 1 });
    expect(node.flows()).toBe(2 * decided.size);
  });
});
