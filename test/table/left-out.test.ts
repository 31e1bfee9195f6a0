/** A forwarder that the newest view does not have asks nobody, and takes no answer, however new its view is; as soon as it is in one again, it goes on. */
import { expect, test } from "vitest";
import { tcp } from "zeta/testing";
import { assignBuckets } from "../../runtime/cluster/assign.ts";
import { type Change, propose } from "../../runtime/cluster/change.ts";
import { firstView, type View } from "../../runtime/cluster/view.ts";
import { openCluster } from "../kit/cluster/cluster.ts";
import { compileFirst } from "./compiled.ts";
import { dropsOf, hopsOf } from "./told.ts";

compileFirst();

const services = [
  {
    source: new URL("../../examples/balancer/service.ts", import.meta.url),
    config: { "service.listen": ["10.1.0.1:80/tcp"], "balancer.backends": ["10.2.0.1:80"] },
  },
];
const [LEFT, KEPT] = [1, 2];
const syn = (port: number): Uint8Array => tcp(`10.0.0.7:${port}`, "10.1.0.1:80").syn().bytes;

test("a forwarder that is left out of the view does nothing, and is in again", async () => {
  const cluster = await openCluster({ forwarders: 2, chains: [2], services });
  let view: View = firstView(cluster.chains, cluster.forwarders, (ids) => assignBuckets(ids));
  cluster.tell(view);
  const put = (forwarders: readonly number[]): void => {
    view = propose(view, { kind: "entrances", forwarders, entrances: {} } satisfies Change) as View;
    cluster.tell(view);
  };
  const passes = (forwarder: number, port: number): boolean =>
    cluster.send(forwarder, syn(port)).some(({ how }) => how === "sent");
  expect([passes(LEFT, 40_000), passes(KEPT, 40_001)]).toEqual([true, true]);

  // What it has asked is under way when it is left out.
  cluster.lose(({ to }) => to === LEFT);
  cluster.send(LEFT, syn(40_002));
  const answer = cluster.wire().at(-1);
  cluster.lose(() => false);
  put([KEPT]);
  expect(cluster.agents.get(LEFT)?.state.view?.epoch).toBe(view.epoch);
  expect([passes(LEFT, 40_003), passes(KEPT, 40_004)]).toEqual([false, true]);
  expect(hopsOf(cluster).filter((hop) => hop.startsWith(`${LEFT} `))).toEqual([]);
  expect(cluster.deliver(LEFT, answer?.frame as Uint8Array).map(({ how }) => how)).toEqual(["dropped"]);
  expect(dropsOf(cluster)).toEqual({ "table: no view": 1, "table: not from the cluster": 1 });

  // By what it was told before it goes on for as long as it was allowed to, and no longer.
  const data = (): string[] =>
    cluster.send(LEFT, tcp("10.0.0.7:40000", "10.1.0.1:80").payload("GET /").bytes).map(({ how }) => how);
  expect(data()).toEqual(["sent"]);
  cluster.advance(6_000_000_000n);
  expect(data()).toEqual(["dropped"]);

  put([LEFT, KEPT]);
  expect([passes(LEFT, 40_005), passes(KEPT, 40_006)]).toEqual([true, true]);
});
