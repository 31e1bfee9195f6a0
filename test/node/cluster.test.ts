/** A node of a cluster is told of keys, members and views by its socket. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUCKETS } from "../../runtime/cluster/buckets.ts";
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

const view = (epoch: number, members: readonly number[] = [7, 8], side: string | number = "front") =>
  ({
    view: {
      self: { id: 7, address: "172.31.0.7", interfaces: [side] },
      epoch,
      paths: Array.from({ length: BUCKETS }, () => ({ members: [...members], complete: 1 })),
    },
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
  expect(await client.cluster(told)).toBeNull();
  expect(await client.cluster(view(4))).toBe(4);
  // What it missed, it missed.
  expect(await client.cluster(view(6))).toBe(6);
  for (const epoch of [5, 6]) await expect(client.cluster(view(epoch))).rejects.toThrow("ZT8119");
  for (const [wrong, where] of [
    [view(7, []), /view\.paths\.0\.members/],
    [view(7, [4096]), /view\.paths\.0\.members\.0/],
    [view(7, [7], "back"), /not on an interface 'back'/],
    [{ members: [{ ...neighbour, interface: "front", destination: "02" }] }, /members\.0\.destination/],
    [{ keys: { keys: ["00", null], own: 0 } }, /keys\.keys\.0/],
  ] as const)
    await expect(client.cluster(wrong as ClusterMessage)).rejects.toThrow(where);
  expect(await client.status()).toMatchObject({ role: "table", epoch: 6, run: running.run });
});
