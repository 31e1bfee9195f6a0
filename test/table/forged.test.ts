/**
 * Operations that no member has sent: changed on their way, cut, sent from elsewhere, to the wrong place, by an old key or in an
 * old view. On both targets none is acted upon, none stored, and each is counted by its reason: as dropped, or as sent back.
 */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tcp } from "zeta/testing";
import { BUCKETS } from "../../runtime/cluster/buckets.ts";
import { numberOfKey } from "../../runtime/cluster/data-plane.ts";
import { addressOf, type Cluster, introduce, KEY, KEYS, openCluster, type Wire } from "../kit/cluster/cluster.ts";
import { type AnyMember, openKernelMember } from "../kit/cluster/kernel-member.ts";
import { type MemberOptions, openMember } from "../kit/cluster/member.ts";
import {
  AT,
  headerBytes,
  type OperationName,
  operationOf,
  redirected,
  tagged,
  tagOf,
  withMoreOptions,
} from "../kit/cluster/operation.ts";
import { compileFirst } from "./compiled.ts";
import { dropsOf, hopsOf } from "./told.ts";

compileFirst();

/** The loopback, which the kernel's test run takes for where packets come in. */
const SIDE = 1;
const DROP = 1;
const REDIRECT = 4;
/** Seconds. */
const HOUR = 3600;
/** Of the members: a forwarder, and a chain of three. */
const IDS = [1, 2, 3, 4];
const CHAIN = [2, 3, 4];
/** Bits that are reserved are not looked at (RFC 8926 sections 3.4 and 3.5): behind the network's number, and beside options' lengths. */
const isReserved = (place: number, bit: number): boolean =>
  place === AT.vni + 3 || ((place === AT.operation - 1 || place === AT.entry - 1) && bit >= 5);

const services = [
  {
    source: new URL("../../examples/balancer/service.ts", import.meta.url),
    config: { "service.listen": ["10.1.0.1:80/tcp"], "balancer.backends": ["10.2.0.1:80"] },
  },
];
/** It takes all that comes, in the network that the members themselves are in. */
const firewall = {
  source: new URL("../../examples/stateful-firewall/service.ts", import.meta.url),
  config: { "firewall.inside": { "0.0.0.0/0": 1 } },
};
const client = tcp("10.0.0.7:40000", "10.1.0.1:80");

/** Each kind of operation as members send it, whom it goes to, and what that member must have seen before. */
const sent = new Map<OperationName, Wire>();
beforeAll(async () => {
  const cluster = await openCluster({ forwarders: 1, chains: [3], services });
  cluster.send(1, client.syn().bytes);
  cluster.send(1, client.fin().bytes);
  for (const one of cluster.wire()) sent.set(operationOf(one.frame), one);
  const other = await openCluster({ forwarders: 1, chains: [3], services });
  other.send(1, client.payload("GET /").bytes);
  for (const one of other.wire()) if (operationOf(one.frame) === "lookup") sent.set("lookup", one);
}, 120_000);

test("tags are SipHash-2-4 as OpenSSL has it", () => {
  for (const { frame } of sent.values()) {
    const message = Buffer.from(frame);
    const network = Buffer.alloc(8);
    network.writeUInt32LE(message.readUIntBE(AT.vni, 3));
    const words = [message.subarray(AT.operation, AT.tag), message.subarray(AT.addresses, AT.addresses + 8), network];
    if (headerBytes(frame) > AT.entry) words.push(message.subarray(AT.entry, headerBytes(frame)));
    const key = Buffer.from(KEY).toString("hex");
    const given = execFileSync("openssl", ["mac", "-macopt", `hexkey:${key}`, "-macopt", "size:8", "SIPHASH"], {
      input: Buffer.concat(words),
    });
    const tag = Buffer.from(given.toString().trim(), "hex").readBigUInt64LE();
    expect(tagOf(frame, KEY)).toBe(tag);
    expect(message.readBigUInt64BE(AT.tag)).toBe(tag);
  }
  expect([...sent.keys()].sort()).toEqual(["close", "decide", "lookup", "reply", "update"]);
});

const opens = {
  interpreter: (options: MemberOptions): Promise<AnyMember> => openMember(options),
  kernel: openKernelMember,
} as const;

describe.each(["interpreter", "kernel"] as const)("%s", (target) => {
  const members = new Map<number, AnyMember>();
  beforeAll(async () => {
    for (const id of IDS) {
      const role = id === 1 ? "forwarder" : "table";
      // What was recorded is as old as this test is by now, in the kernel.
      const constants = { zeta_table_resend: HOUR };
      const member = await opens[target]({ role, services, constants });
      members.set(id, member);
      await introduce(id, member, IDS);
      setView(id, 1);
    }
  }, 240_000);
  afterAll(() => {
    for (const { close } of members.values()) close();
  });

  const setView = (id: number, epoch: number, interfaces = [SIDE], member = members.get(id)): void =>
    member?.dataPlane.view(
      { id, address: addressOf(id), interfaces },
      { epoch, paths: Array.from({ length: BUCKETS }, () => ({ members: CHAIN, complete: CHAIN.length })) },
    );
  const at = (id: number): AnyMember => members.get(id) as AnyMember;
  const frameOf = (kind: OperationName): Wire => sent.get(kind) as Wire;
  /** What this packet counts at a member. */
  const countedBy = (id: number, frame: Uint8Array, member = at(id)): { action: number; why: string[] } => {
    const before = member.drops();
    const { action } = member.run(frame, SIDE);
    const after = member.drops();
    return { action, why: Object.keys(after).filter((name) => (after[name] ?? 0) > (before[name] ?? 0)) };
  };
  /** As a member would send it that makes its tags by that key. */
  const by = (key: Uint8Array, which: 0 | 1, frame: Uint8Array): Uint8Array =>
    tagged(changed(frame, AT.key, numberOfKey(key, which)), key);
  const changed = (frame: Uint8Array, place: number, value: number): Uint8Array => {
    const out = frame.slice();
    out[place] = value;
    return out;
  };

  test.each(["decide", "update", "close", "lookup", "reply"] as const)(
    "%s with any bit changed, or cut anywhere",
    (kind) => {
      const { to, frame } = frameOf(kind);
      const end = headerBytes(frame);
      const tried = { changed: 0, cut: 0 };
      for (let place = AT.vni; place < end; place++) {
        for (let bit = 0; bit < 8; bit++) {
          if (isReserved(place, bit)) continue;
          const { action, why } = countedBy(to, changed(frame, place, (frame[place] ?? 0) ^ (1 << bit)));
          expect({ place, bit, action }).toEqual({ place, bit, action: DROP });
          expect(why).toHaveLength(1);
          tried.changed += 1;
        }
      }
      for (let length = target === "kernel" ? 14 : 0; length < end + 14; length++) {
        const { action } = at(to).run(frame.slice(0, length), SIDE);
        expect({ length, went: action === REDIRECT }).toEqual({ length, went: false });
        tried.cut += 1;
      }
      expect(at(to).flows()).toBe(0);
      expect(tried.changed).toBeGreaterThan(200);
    },
  );

  test("from an interface that is not of the cluster's side", () => {
    for (const { to, frame } of sent.values()) {
      setView(to, 1, [77]);
      expect(countedBy(to, frame)).toEqual({ action: DROP, why: ["table: not from the cluster"] });
      setView(to, 1);
    }
  });

  test("by a key that is good no more, and by the next as soon as it is", () => {
    const { to, frame } = frameOf("lookup");
    const next = new Uint8Array(16).fill(9);
    const later = by(next, 1, frame);
    expect(countedBy(to, later)).toEqual({ action: DROP, why: ["table: key not in force"] });
    at(to).dataPlane.keys({ keys: [KEY, next], own: 1 });
    expect(countedBy(to, later)).toEqual({ action: REDIRECT, why: [] });
    expect(countedBy(to, frame)).toEqual({ action: REDIRECT, why: [] });
    at(to).dataPlane.keys({ keys: [null, next], own: 1 });
    expect(countedBy(to, frame)).toEqual({ action: DROP, why: ["table: key not in force"] });
    at(to).dataPlane.keys(KEYS);
  });

  test("by a key that was good two changes ago, when another is in its place", () => {
    const { to, frame } = frameOf("lookup");
    const [second, third] = [8, 9].map((byte) => new Uint8Array(16).fill(byte)) as [Uint8Array, Uint8Array];
    at(to).dataPlane.keys({ keys: [third, second], own: 0 });
    expect(countedBy(to, frame)).toEqual({ action: DROP, why: ["table: key not in force"] });
    expect(countedBy(to, by(third, 0, frame))).toEqual({ action: REDIRECT, why: [] });
    expect(countedBy(to, by(second, 1, frame))).toEqual({ action: REDIRECT, why: [] });
    // Who does not know the key but its number, and who takes the wrong one for a number.
    expect(
      countedBy(
        to,
        by(third, 0, frame).map((byte, place) => (place === AT.tag ? byte ^ 1 : byte)),
      ),
    ).toEqual({
      action: DROP,
      why: ["table: forged operation"],
    });
    expect(countedBy(to, tagged(changed(frame, AT.key, numberOfKey(third, 0)), second))).toEqual({
      action: DROP,
      why: ["table: forged operation"],
    });
    at(to).dataPlane.keys(KEYS);
  });

  test("where no key has been given yet, not even one of zeros is good", () => {
    const { to, frame } = frameOf("lookup");
    at(to).dataPlane.keys({ keys: [null, null], own: 0 });
    for (const number of [0, 1])
      expect(countedBy(to, tagged(changed(frame, AT.key, number), new Uint8Array(16))).why).toEqual([
        "table: key not in force",
      ]);
    at(to).dataPlane.keys(KEYS);
  });

  test("with more options than an operation has, or longer ones, and a good tag", () => {
    for (const { to, frame } of sent.values()) {
      const end = headerBytes(frame);
      const most = 63 - (end - 50) / 4;
      for (let words = 1; words <= most; words++) {
        expect(countedBy(to, withMoreOptions(frame, words))).toEqual({
          action: DROP,
          why: ["table: malformed operation"],
        });
        // The operation's own option says that it has all of them.
        const one = changed(withMoreOptions(frame, words), AT.operation - 1, Math.min(31, 8 + words));
        expect(countedBy(to, one)).toEqual({ action: DROP, why: ["table: malformed operation"] });
      }
    }
  });

  test("for a bucket that another chain keeps", () => {
    const { to, frame } = frameOf("decide");
    const paths = Array.from({ length: BUCKETS }, () => ({ members: [7, 8, 9], complete: 3 }));
    at(to).dataPlane.view({ id: to, address: addressOf(to), interfaces: [SIDE] }, { epoch: 3, paths });
    const there = tagged(changed(frame, AT.epoch + 3, 3), KEY);
    expect(countedBy(to, there)).toEqual({ action: DROP, why: ["table: wrong chain"] });
    setView(to, 1);
  });

  test.each([
    ["a member that is not at that place of the chain", "decide", AT.place, 1, "table: wrong place"],
    ["a place beyond the chain", "update", AT.place, 7, "table: wrong place"],
    ["an entry for the head", "update", AT.place, 0, "table: wrong place"],
    ["what only a head does, for the tail", "lookup", AT.operation, 2, "table: wrong place"],
    ["no operation that there is", "decide", AT.operation, 0, "table: wrong role"],
    ["an operation beyond all that there are", "decide", AT.operation, 255, "table: wrong role"],
    ["an operation of forwarders, for a flow-table node", "decide", AT.operation, 6, "table: wrong role"],
    ["an entry that is none", "decide", AT.operation, 15, "table: malformed operation"],
    ["a service that is not there", "decide", AT.service + 1, 9, "table: unknown service"],
    ["no hops left", "lookup", AT.hops, 0, "table: hop budget"],
    ["an answer for another forwarder", "reply", AT.forwarder + 3, 3, "table: another's answer"],
  ] as const)("%s, with a good tag", (_, kind, place, value, why) => {
    const { to, frame } = frameOf(kind);
    expect(countedBy(to, tagged(changed(frame, place, value), KEY))).toEqual({ action: DROP, why: [why] });
    expect(at(to).flows()).toBe(0);
  });

  test("an operation of flow-table nodes, for a forwarder", () => {
    const { packet: asked } = at(1).run(client.syn().bytes, SIDE + 1);
    const here = redirected(asked, { to: 1, place: 0, epoch: 1 }, KEY);
    expect(countedBy(1, here)).toEqual({ action: DROP, why: ["table: wrong role"] });
    expect(at(1).flows()).toBe(0);
  });

  test("for other members, at a forwarder whose services take all", async () => {
    const member = await opens[target]({ role: "forwarder", services: [...services, firewall] });
    await introduce(1, member, IDS);
    setView(1, 1, [SIDE], member);
    for (const { frame } of [...sent.values()].filter(({ to }) => to !== 1))
      expect(countedBy(1, frame, member)).toEqual({ action: DROP, why: ["table: for another member"] });
    expect(member.flows()).toBe(0);
    member.close();
  }, 60_000);

  test("of another epoch: it goes back as it came, to be asked again, and nothing is stored", () => {
    for (const kind of ["decide", "lookup", "update", "close"] as const) {
      const { to, frame } = frameOf(kind);
      const [dropped, before] = [at(to).drops(), at(to).bounces()];
      setView(to, 2);
      const { action, packet } = at(to).run(frame, SIDE);
      setView(to, 1);
      expect(at(to).drops()).toEqual(dropped);
      expect(at(to).bounces()).toEqual({
        ...before,
        "table: another epoch": (before["table: another epoch"] ?? 0) + 1,
      });
      expect(action).toBe(REDIRECT);
      expect(operationOf(packet)).toBe("stale");
      expect(tagOf(packet, KEY)).toBe(Buffer.from(packet).readBigUInt64BE(AT.tag));
      expect(Buffer.from(packet.slice(headerBytes(packet)))).toEqual(Buffer.from(frame.slice(headerBytes(frame))));
      expect(headerBytes(packet)).toBe(86);
      expect(at(to).flows()).toBe(0);
    }
  });

  test("a forwarder whose operation comes back asks again, and counts that", () => {
    const [forwarder, head] = [1, CHAIN[0] as number];
    const { packet: asked } = at(forwarder).run(client.syn().bytes, SIDE + 1);
    setView(head, 2);
    const { packet: returned } = at(head).run(asked, SIDE);
    setView(head, 1);
    const dropped = at(forwarder).drops();
    const { action, packet } = at(forwarder).run(returned, SIDE);
    expect([operationOf(asked), operationOf(returned), action, operationOf(packet)]).toEqual([
      "decide",
      "stale",
      REDIRECT,
      "decide",
    ]);
    expect(at(forwarder).bounces()).toEqual({ "table: asked again": 1 });
    expect(at(forwarder).drops()).toEqual(dropped);
  });

  test("a good one is acted upon", () => {
    const { to, frame } = frameOf("update");
    expect(countedBy(to, frame)).toEqual({ action: REDIRECT, why: [] });
    expect(at(to).flows()).toBe(2);
  });
});

/** A switch floods to all members what is for one that it cannot find. */
describe("what is for somebody else", () => {
  const [FIRST, SECOND, HEAD, TAIL] = [1, 2, 3, 4];
  const flowsOf = (cluster: Cluster) => [...cluster.members.values()].map((member) => member.flows());

  let cluster: Cluster;
  let asked: readonly Wire[];
  beforeAll(async () => {
    cluster = await openCluster({ forwarders: 2, chains: [2], services: [...services, firewall] });
    cluster.send(FIRST, client.syn().bytes);
    cluster.send(SECOND, client.payload("GET /").bytes);
    asked = cluster.wire();
  }, 240_000);

  test.each(["decide", "update", "lookup", "reply"] as const)("%s for somebody else goes no further", (kind) => {
    const { to, frame } = asked.find((one) => operationOf(one.frame) === kind) as Wire;
    const before = flowsOf(cluster);
    for (const member of [FIRST, SECOND, HEAD, TAIL].filter((one) => one !== to)) {
      const left = cluster.deliver(member, frame).map(({ how }) => how);
      expect(left).toEqual([member === FIRST || member === SECOND ? "dropped" : "host"]);
      expect(hopsOf(cluster)).toEqual([]);
    }
    expect(flowsOf(cluster)).toEqual(before);
    expect(Object.keys(dropsOf(cluster))).toEqual(["table: for another member"]);
  });

  test("a packet without an operation is none of a flow-table node's", () => {
    const other = tcp("10.0.0.8:40000", "10.1.0.1:80");
    const before = flowsOf(cluster);
    for (const member of [HEAD, TAIL]) {
      for (const { bytes } of [other.syn(), client.payload("GET /")])
        expect(cluster.deliver(member, bytes).map(({ how }) => how)).toEqual(["host"]);
      expect(hopsOf(cluster)).toEqual([]);
    }
    expect(flowsOf(cluster)).toEqual(before);
  });
});
