/** A node of a cluster is told of keys, members and views by its socket. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { assignBuckets } from "../../runtime/cluster/assign.ts";
import { firstView, type View } from "../../runtime/cluster/view.ts";
import { writeView } from "../../runtime/cluster/view-store.ts";
import type { ClusterMessage } from "../../runtime/control/cluster.ts";
import { type Built, connectNode, type RunningNode, startNode } from "../../runtime/index.ts";
import { type Gateway, gatewayLab } from "./gateway.ts";

let lab: Built<Gateway>;
beforeAll(async () => {
  lab = await gatewayLab();
});
afterAll(async () => lab.lab.dispose());

const onFront = (role: "single" | "table"): Promise<RunningNode> =>
  startNode({
    interfaces: ["front"],
    namespace: lab.gateway.fullName,
    state: `${lab.lab.folder}/${role}`,
    flows: 1000,
    role,
  });

const OTHERS: View = firstView([[7, 8]], [1], (ids) => assignBuckets(ids));
/** Views after a first one, which the node was told to be older than. */
const view = (epoch: number, of: Partial<View> = {}, side: string | number = "front") =>
  ({
    view: { self: { id: 7, address: "172.31.0.7", interfaces: [side] }, of: { ...OTHERS, epoch, ...of } },
  }) satisfies ClusterMessage;

test("a node by itself is told that it is in none", async () => {
  await using running = await onFront("single");
  const client = connectNode({ state: `${lab.lab.folder}/single` });
  await expect(client.cluster(view(1))).rejects.toThrow("ZT8118");
  expect(await client.status()).toMatchObject({ role: "single", epoch: null, pid: process.pid, run: running.run });
});

test("a flow-table node acts by the newest view, and goes back to none", async () => {
  await using running = await onFront("table");
  const client = connectNode({ state: `${lab.lab.folder}/table` });
  expect(await client.status()).toMatchObject({ role: "table", epoch: null });
  const neighbour = { id: 8, address: "172.31.0.8", destination: "02:00:00:00:00:08", source: "02:00:00:00:00:07" };
  const told = {
    keys: { keys: ["00".repeat(16), null] as [string, null], own: 0 as const },
    members: [{ ...neighbour, interface: "front" }],
  };
  expect(await client.cluster({ ...told, view: null })).toEqual({ epoch: null, owed: 0, proposals: [] });
  expect(await client.cluster(view(4))).toMatchObject({ epoch: 4 });
  // What it missed, it missed.
  expect(await client.cluster(view(6))).toMatchObject({ epoch: 6 });
  for (const epoch of [5, 6]) await expect(client.cluster(view(epoch))).rejects.toThrow("ZT8119");
  for (const [wrong, where] of [
    [view(7, { chains: [] }), /ZT8502.*view\.keepers\.0/],
    [view(7, { forwarders: [4096] }), /ZT8502.*view\.forwarders\.0/],
    [view(7, {}, "back"), /not on an interface 'back'/],
    [{ view: { ...view(7).view, self: { ...view(7).view.self, id: 9 } } }, /ZT8504/],
    [{ view: { ...view(7).view, lease: 0 } }, /view\.lease/],
    [{ members: [{ ...neighbour, interface: "front", destination: "02" }] }, /members\.0\.destination/],
    [{ keys: { keys: ["00", null], own: 0 } }, /keys\.keys\.0/],
  ] as const)
    await expect(client.cluster(wrong as ClusterMessage)).rejects.toThrow(where);
  expect(await client.status()).toMatchObject({ role: "table", epoch: 6, run: running.run });
});

test("a node that has started after a view has no part in it, and asks to be taken out", async () => {
  await using running = await onFront("table");
  const client = connectNode({ state: `${lab.lab.folder}/table` });
  const asked = await client.cluster(view(4));
  expect(asked.proposals).toEqual([{ kind: "expel", node: 7, joined: 1 }]);
  const later = { chains: [{ id: 0, complete: [{ node: 8, joined: 1 }], joiners: [{ node: 7, joined: 6 }] }] };
  expect(await client.cluster(view(6, later))).toEqual({ epoch: 6, owed: 0, proposals: [] });
  expect(await client.clusterStatus()).toEqual({ epoch: 6, owed: 0, proposals: [] });
  expect(running.agent?.status().epoch).toBe(6);
});

test("a node that follows its cluster's store takes up newer views by itself, and says when it cannot read it", async () => {
  await using running = await onFront("table");
  const client = connectNode({ state: `${lab.lab.folder}/table` });
  const file = `${lab.lab.folder}/view.json`;
  const store = { self: view(1).view.self, file };
  // There is none yet: the node is older than the first.
  expect(await client.cluster({ store })).toEqual({ epoch: null, owed: 0, proposals: [] });
  writeView(file, OTHERS);
  await expect.poll(() => running.agent?.status()).toEqual({ epoch: 1, owed: 0, proposals: [] });
  writeView(file, { ...OTHERS, epoch: 5 });
  expect(await client.cluster({ store })).toMatchObject({ epoch: 5 });
  for (const [content, problem] of [
    ["{", "ZT8505"],
    ["{}", "ZT8502"],
  ] as const) {
    writeFileSync(file, content);
    await expect(client.cluster({ store })).rejects.toThrow(problem);
    await expect.poll(() => client.clusterStatus().then(String, String)).toContain(problem);
  }
  writeView(file, { ...OTHERS, epoch: 6 });
  await expect.poll(() => client.clusterStatus().then(({ epoch }) => epoch, String)).toBe(6);
  await expect(client.cluster({ store: { ...store, file: "view.json" } })).rejects.toThrow(/store\.file/);
  await expect(client.cluster({ store: { ...store, self: { ...store.self, id: 9 } } })).rejects.toThrow("ZT8504");
});
