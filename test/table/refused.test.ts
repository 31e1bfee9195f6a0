/** What no flow stands for is refused by the whole of its path: whoever has been left behind by the cluster refuses nobody alone. */
import { describe, expect, test } from "vitest";
import { tcp } from "zeta/testing";
import { assignBuckets } from "../../runtime/cluster/assign.ts";
import { type Change, propose } from "../../runtime/cluster/change.ts";
import { firstView, type View } from "../../runtime/cluster/view.ts";
import { type Cluster, openCluster } from "../kit/cluster/cluster.ts";
import { compileFirst } from "./compiled.ts";
import { destinationOf, dropsOf, hopsOf, toldOf } from "./told.ts";

compileFirst();

/** Refuses what opens no connection, and has none. */
const bySequence = {
  source: new URL("by-sequence.ts", import.meta.url),
  config: { "service.listen": ["10.1.0.1:80/tcp"], "choice.even": "10.2.0.2:80", "choice.odd": "10.2.0.1:80" },
};
const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
const first = client.syn({ tcp: { sequence: 1001 } }).bytes;
const data = client.payload("GET /").bytes;
/** A reset goes back to the client. */
const REFUSED = "sent 10.1.0.1:80 > 10.0.0.7:40000";

describe.each([[1], [2], [3]])("a chain of %i", (chain) => {
  test("what is of no connection is refused when all of the path have let it pass", async () => {
    const cluster = await openCluster({ forwarders: 2, chains: [chain], services: [bySequence] });
    expect(toldOf(cluster.send(1, data))).toBe(REFUSED);
    const along = Array.from({ length: chain - 1 }, (_, n) => `${3 + n} refuse ${4 + n}`);
    const asked = chain === 1 ? ["1 lookup 3"] : [`1 lookup ${2 + chain}`, `${2 + chain} decide 3`];
    expect(hopsOf(cluster)).toEqual([...asked, ...along, `${2 + chain} refuse 1`]);
    expect(dropsOf(cluster)).toEqual({});
  });
});

describe("a head that has not heard that its chain goes on without it", () => {
  const [LEFT_BEHIND, NEW] = [3, 4];
  /** Node 4 has joined, was filled, and is alone by now; node 3 and forwarder 2 know only that it joins. */
  const leftBehind = async (): Promise<{ readonly cluster: Cluster; readonly catchUp: () => void }> => {
    const cluster = await openCluster({ forwarders: 2, chains: [1], spares: 1, services: [bySequence] });
    let view: View = firstView(cluster.chains, cluster.forwarders, (ids) => assignBuckets(ids));
    cluster.tell(view);
    const change = (what: Change, to?: readonly number[]): void => {
      const next = propose(view, what);
      if (next === null) throw new Error(`${what.kind} is not taken`);
      view = next;
      cluster.tell(view, to);
    };
    change({ kind: "join", chain: 0, node: NEW });
    cluster.turn();
    const [complete] = [...cluster.agents.values()].flatMap((agent) => agent.proposals());
    if (complete === undefined) throw new Error("nothing was brought");
    change(complete, [1, NEW]);
    change({ kind: "expel", node: LEFT_BEHIND, joined: 1 }, [1, NEW]);
    cluster.wire();
    return { cluster, catchUp: () => cluster.tell(view) };
  };

  test("does not refuse what it does not know to stand: its forwarder asks again, and goes by the decision when it has heard", async () => {
    const { cluster, catchUp } = await leftBehind();
    expect(destinationOf(toldOf(cluster.send(1, first)))).toBe("10.2.0.1:80");
    cluster.wire();
    expect(toldOf(cluster.send(2, data))).toBe("dropped");
    expect(hopsOf(cluster).slice(0, 3)).toEqual([
      `2 lookup ${LEFT_BEHIND}`,
      `${LEFT_BEHIND} refuse ${NEW}`,
      `${NEW} stale 2`,
    ]);
    catchUp();
    expect(destinationOf(toldOf(cluster.send(2, data)))).toBe("10.2.0.1:80");
  });

  test("what is of no connection is refused as soon as they agree", async () => {
    const { cluster, catchUp } = await leftBehind();
    expect(toldOf(cluster.send(2, data))).toBe("dropped");
    expect(dropsOf(cluster)).toEqual({ "table: hop budget": 1 });
    catchUp();
    expect(toldOf(cluster.send(2, data))).toBe(REFUSED);
  });
});
