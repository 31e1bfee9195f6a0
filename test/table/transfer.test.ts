/** Members that are filled while packets come: what stood is brought to them, and what comes passes them anyway. */
import { beforeAll, describe, expect, test } from "vitest";
import { tcp } from "zeta/testing";
import { assignBuckets } from "../../runtime/cluster/assign.ts";
import { type Change, propose } from "../../runtime/cluster/change.ts";
import { type TableMemory, tablesOf } from "../../runtime/cluster/table-memory.ts";
import { firstView, type View } from "../../runtime/cluster/view.ts";
import { addressOf, CLUSTER_SIDE, type Cluster, openCluster } from "../kit/cluster/cluster.ts";
import type { Member } from "../kit/cluster/member.ts";
import { operationOf } from "../kit/cluster/operation.ts";
import { compileFirst } from "./compiled.ts";
import { ackOf, COOKIE, client, dataOf, PROBE, proxy, SERVER, sentBy, server, synAckOf } from "./proxied.ts";
import { destinationOf, dropsOf, hopsOf, sourceOf, toldOf } from "./told.ts";

compileFirst();

const balancer = (listen: string, ...backends: string[]) => ({
  source: new URL("../../examples/balancer/service.ts", import.meta.url),
  config: { "service.listen": [listen], "balancer.backends": backends },
});
const services = [
  balancer("10.1.0.1:80/tcp", "10.2.0.1:8080", "10.2.0.2:8080", "10.2.0.3:8080"),
  balancer("[2001:db8:1::1]:80/tcp", "[2001:db8:2::1]:8080", "[2001:db8:2::2]:8080"),
];
const FLOWS = 40;
/** Tables that are quick to look through. */
const SMALL = { zeta_last4: 1023, zeta_last6: 1023 };
const clientOf = (n: number) =>
  n % 4 === 3 ? tcp(`[2001:db8::${n}]:4000`, "[2001:db8:1::1]:80") : tcp(`10.0.${n}.7:4000`, "10.1.0.1:80");

/** A store of one view: proposals are taken as they come, and all are told at once. */
const storeOf = (cluster: Cluster) => {
  const { chains, forwarders } = cluster;
  let view: View = firstView(chains, forwarders, (ids) => assignBuckets(ids));
  cluster.tell(view);
  return {
    get view() {
      return view;
    },
    change(change: Change): void {
      const next = propose(view, change);
      if (next === null) return;
      view = next;
      cluster.tell(view);
    },
    /** Turns of the agents, and whatever they propose, until nothing is owed and nobody proposes anything. */
    settle(turns = 50): number {
      for (let turn = 1; turn <= turns; turn++) {
        const owed = cluster.turn();
        const asked = [...cluster.agents.values()].flatMap((agent) => agent.proposals());
        for (const one of asked) {
          const next = propose(view, one);
          if (next === null) continue;
          view = next;
          cluster.tell(view);
          break;
        }
        if (owed === 0 && asked.length === 0) return turn;
      }
      throw new Error("It does not settle.");
    },
  };
};
type Store = ReturnType<typeof storeOf>;
const membersOf = ({ view }: Store, chain: number): number[] =>
  view.chains.find(({ id }) => id === chain)?.complete.map(({ node }) => node) ?? [];

describe("a member taken out, and another filled in its place", () => {
  let cluster: Cluster;
  let store: Store;
  const sent = new Map<number, string>();
  beforeAll(async () => {
    cluster = await openCluster({ forwarders: 3, chains: [2], spares: 1, services, constants: SMALL });
    store = storeOf(cluster);
    for (let n = 0; n < FLOWS; n++) sent.set(n, toldOf(cluster.send(1, clientOf(n).syn().bytes)));
    cluster.wire();
  });
  const flowsOf = (id: number) => cluster.members.get(id)?.flows();

  test("what stood is brought, acknowledged, and only then is it complete", () => {
    const [spare = 0] = cluster.spares;
    const [head = 0, tail = 0] = cluster.chains[0] ?? [];
    store.change({ kind: "expel", node: tail, joined: 1 });
    store.change({ kind: "join", chain: 0, node: spare });
    expect(membersOf(store, 0)).toEqual([head]);
    expect(flowsOf(spare)).toBe(0);
    // Half of it is lost on its way, and sent again.
    let count = 0;
    cluster.lose(({ frame }) => operationOf(frame) === "transfer" && count++ % 2 === 0);
    store.settle();
    cluster.lose(() => false);
    expect(membersOf(store, 0)).toEqual([head, spare]);
    expect(flowsOf(spare)).toBe(2 * FLOWS);
    expect(flowsOf(spare)).toBe(flowsOf(head));
  });

  test("alone, it goes on with every flow at a forwarder that has not seen any of them", () => {
    const [head = 0] = cluster.chains[0] ?? [];
    store.change({ kind: "expel", node: head, joined: 1 });
    for (let n = 0; n < FLOWS; n++) expect(toldOf(cluster.send(2, clientOf(n).ack().bytes))).toBe(sent.get(n));
    expect(dropsOf(cluster)).toEqual({});
  });

  test("the one that was taken out comes back empty, and is filled", () => {
    const [, tail = 0] = cluster.chains[0] ?? [];
    expect(flowsOf(tail)).toBe(0);
    store.change({ kind: "join", chain: 0, node: tail });
    cluster.wire();
    // A flow of now passes the joiner, and leaves by it.
    expect(toldOf(cluster.send(3, tcp("10.0.99.7:4000", "10.1.0.1:80").syn().bytes))).toMatch(/^sent/);
    expect(hopsOf(cluster)).toEqual(["3 decide 6", `6 update ${tail}`, `${tail} reply 3`]);
    store.settle();
    expect(membersOf(store, 0)).toEqual([6, tail]);
    expect(flowsOf(tail)).toBe(2 * FLOWS + 2);
  });
});

test("a bucket moves to another chain with what it holds, and back again", async () => {
  const cluster = await openCluster({ forwarders: 2, chains: [2], spares: 2, services, constants: SMALL });
  const store = storeOf(cluster);
  const sent = Array.from({ length: FLOWS }, (_, n) => toldOf(cluster.send(1, clientOf(n).syn().bytes)));
  store.change({ kind: "scale-out", nodes: cluster.spares });
  store.settle();
  const keepers = new Set(store.view.keepers);
  expect([...keepers].sort()).toEqual([0, 1]);
  expect(store.view.moves).toEqual({});
  const flows = (id: number) => cluster.members.get(id)?.flows() ?? 0;
  const [old, added] = [cluster.chains[0]?.[0] ?? 0, cluster.spares[0] ?? 0];
  // What has moved is with its new chain alone.
  expect(flows(added)).toBeGreaterThan(0);
  expect(flows(old) + flows(added)).toBe(2 * FLOWS);
  for (let n = 0; n < FLOWS; n++) expect(toldOf(cluster.send(2, clientOf(n).ack().bytes))).toBe(sent[n]);
  store.change({ kind: "scale-in", chain: 0 });
  store.settle();
  expect(new Set(store.view.keepers)).toEqual(new Set([1]));
  store.change({ kind: "dismiss", chain: 0 });
  expect(flows(added)).toBe(2 * FLOWS);
  expect(flows(old)).toBe(0);
  for (let n = 0; n < FLOWS; n++) expect(toldOf(cluster.send(2, clientOf(n).ack().bytes))).toBe(sent[n]);
  expect(dropsOf(cluster)).toEqual({});
});

test("a shift of numbers is brought with its connection; of one that waits, a joiner hears by what ends the waiting", async () => {
  const cluster = await openCluster({ forwarders: 3, chains: [1], spares: 1, services: [proxy], constants: SMALL });
  const store = storeOf(cluster);
  const [spare = 0] = cluster.spares;
  const [old = 0] = cluster.chains[0] ?? [];
  const other = tcp("10.0.0.8:40000", "10.1.0.1:80");
  const answers = tcp("10.9.0.1:8080", "10.0.0.8:40000");
  sentBy(cluster, 1, ackOf(client));
  expect(sentBy(cluster, 2, synAckOf(server))).toBe(PROBE);
  expect(sentBy(cluster, 1, ackOf(other))).toBe("syn 1000 0");
  store.change({ kind: "join", chain: 0, node: spare });
  store.settle();
  expect(membersOf(store, 0)).toEqual([old, spare]);
  expect(sentBy(cluster, 3, synAckOf(answers))).toBe(PROBE);
  store.change({ kind: "expel", node: old, joined: 1 });
  for (const [from, back] of [
    [client, server],
    [other, answers],
  ] as const) {
    expect(sentBy(cluster, 3, ackOf(from))).toBe(`ack 1001 ${SERVER + 1}`);
    expect(sentBy(cluster, 1, dataOf(back))).toBe(`psh ack ${(COOKIE + 1) >>> 0} 1001`);
  }
});

test("an entry that is brought where another decision stands is not acknowledged, and changes nothing", async () => {
  const cluster = await openCluster({ forwarders: 1, chains: [1], spares: 1, services, constants: SMALL });
  const store = storeOf(cluster);
  const [spare = 0] = cluster.spares;
  const told = toldOf(cluster.send(1, clientOf(0).syn().bytes));
  store.change({ kind: "join", chain: 0, node: spare });
  cluster.turn();
  const [transfer] = cluster.wire().filter(({ frame }) => operationOf(frame) === "transfer");
  store.settle();
  expect(membersOf(store, 0)).toEqual([2, spare]);
  // As it was sent, it is of another epoch now.
  cluster.deliver(spare, transfer?.frame as Uint8Array);
  expect(dropsOf(cluster)).toEqual({ "table: transfer of another epoch": 1 });
  expect(toldOf(cluster.send(1, clientOf(0).ack().bytes))).toBe(told);
});

const nat64 = {
  source: new URL("../../examples/nat64/service.ts", import.meta.url),
  config: {
    "nat64.prefix": { address: "64:ff9b::", length: 96 },
    "nat64.external": ["203.0.113.8/30"],
  },
};

test.each([
  ["within a family", clientOf(0), services],
  ["across the families", tcp("[2001:db8::7]:4000", "[64:ff9b::c000:250]:80"), [nat64]],
] as const)("what is brought leaves alone what came by a write, of flows %s", async (_, one, of) => {
  const cluster = await openCluster({ forwarders: 1, chains: [1], spares: 1, services: of, constants: SMALL });
  const store = storeOf(cluster);
  const [spare = 0] = cluster.spares;
  const lives = (): boolean => {
    const { manifest, memory } = cluster.members.get(spare) as Member;
    const tables = tablesOf(manifest, memory(() => undefined) as TableMemory);
    return [...tables.standing()].some(({ isClient }) => isClient);
  };
  const [there] = cluster.send(1, one.syn().bytes);
  const told = toldOf(there === undefined ? [] : [there]);
  cluster.send(1, tcp(destinationOf(told), sourceOf(told)).synAck().bytes);
  cluster.send(1, one.ack().bytes);
  store.change({ kind: "join", chain: 0, node: spare });
  cluster.lose(({ frame }) => operationOf(frame) === "stored");
  cluster.turn();
  expect(lives()).toBe(true);
  // It is over at its head, which the member that is filled does not hear of, but by what is brought once more.
  cluster.lose(({ frame }) => operationOf(frame) === "update");
  expect(toldOf(cluster.send(1, one.rst().bytes))).toBe("nothing");
  cluster.lose(() => false);
  store.settle();
  expect(membersOf(store, 0)).toEqual([2, spare]);
  cluster.advance(400_000_000_000n);
  // Longer than a connection stands that is over, and not as long as one that is not.
  expect(lives()).toBe(true);
});

test("a chain that has lost all its decisions takes no flow for a new one until nobody can know of them", async () => {
  const cluster = await openCluster({ forwarders: 1, chains: [1], spares: 1, services, constants: SMALL });
  const store = storeOf(cluster);
  const [spare = 0] = cluster.spares;
  expect(toldOf(cluster.send(1, clientOf(0).syn().bytes))).toMatch(/^sent/);
  const [lost] = store.view.chains[0]?.complete ?? [];
  store.change({ kind: "replace", chain: 0, nodes: [spare], instead: lost === undefined ? [] : [lost] });
  expect(toldOf(cluster.send(1, clientOf(1).syn().bytes))).toBe("dropped");
  expect(dropsOf(cluster)).toEqual({ "table: decisions were lost": 1 });
  cluster.advance(8_200_000_000n);
  expect(toldOf(cluster.send(1, clientOf(1).syn().bytes))).toMatch(/^sent/);
});

test("a view is acted by for as long as its lease, and on when that is prolonged", async () => {
  const cluster = await openCluster({ forwarders: 1, chains: [1], services, constants: SMALL });
  const view = firstView(cluster.chains, cluster.forwarders, (ids) => assignBuckets(ids));
  const all = [...cluster.members.keys()];
  const lease = (): void => {
    for (const id of all)
      cluster.agents.get(id)?.told({ id, address: addressOf(id), interfaces: [CLUSTER_SIDE] }, view, 1000);
  };
  lease();
  expect(toldOf(cluster.send(1, clientOf(0).syn().bytes))).toMatch(/^sent/);
  cluster.advance(900_000_000n);
  lease();
  cluster.advance(900_000_000n);
  expect(toldOf(cluster.send(1, clientOf(1).syn().bytes))).toMatch(/^sent/);
  cluster.advance(300_000_000n);
  // What it has a lease of goes on; what needs another node does not.
  expect(toldOf(cluster.send(1, clientOf(1).payload("GET /").bytes))).toMatch(/^sent/);
  expect(toldOf(cluster.send(1, clientOf(2).syn().bytes))).toBe("dropped");
  expect(dropsOf(cluster)).toEqual({ "table: no view": 1 });
});
