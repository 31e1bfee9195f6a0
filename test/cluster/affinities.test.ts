/** What is told of a service changes with those that come and go beside it. */
import { expect, test } from "vitest";
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { affinitiesOf } from "../../runtime/cluster/affinities.ts";

type Service = NonNullable<Manifest["service"]>;
const service = (of: Partial<Service>): Service =>
  ({ listen: null, decide: "decide", endpoints: null, config: [], ...of }) as Service;
const firewall = service({});
const nat = service({ config: [{ kind: "portPool" } as Service["config"][number]] });
const balancer = service({ listen: "zeta_listen" });
const filter = service({ listen: "zeta_listen", decide: null });
const delivering = service({ listen: "zeta_listen", endpoints: "zeta_endpoints" });

const [CLIENT, BOTH, SOURCE, TAKES_ANSWERS] = [0, 1, 2, 4];

function told() {
  const now: Record<number, number> = {};
  let writes = 0;
  const affinities = affinitiesOf((index, affinity) => {
    now[index] = affinity;
    writes++;
  });
  return { affinities, now, writes: () => writes };
}

test("who takes all hears of those that listen in its network, and of nobody else", () => {
  const { affinities, now } = told();
  affinities.service(1, firewall, 7);
  affinities.service(2, nat, 8);
  affinities.service(3, filter, 7);
  affinities.service(4, balancer, 9);
  expect(now).toEqual({ 1: BOTH, 2: SOURCE, 3: CLIENT, 4: CLIENT });
  affinities.service(5, balancer, 7);
  expect(now).toEqual({ 1: BOTH | TAKES_ANSWERS, 2: SOURCE, 3: CLIENT, 4: CLIENT, 5: CLIENT });
});

test("what is delivered to others' networks may be answered from any", () => {
  const { affinities, now } = told();
  affinities.service(1, firewall, 7);
  affinities.service(2, nat, 8);
  affinities.service(3, delivering, 0);
  expect(now).toEqual({ 1: BOTH | TAKES_ANSWERS, 2: SOURCE | TAKES_ANSWERS, 3: CLIENT });
});

test("those that go are no longer heard of; what is as it was is not written", () => {
  const { affinities, now, writes } = told();
  affinities.service(1, firewall, 0);
  affinities.service(2, balancer, 0);
  const before = writes();
  affinities.service(2, balancer, 0);
  affinities.service(3, balancer, 0);
  affinities.withdraw(2);
  expect([now[1], writes()]).toEqual([BOTH | TAKES_ANSWERS, before + 1]);
  affinities.withdraw(3);
  expect(now[1]).toBe(BOTH);
  // Whoever has the index next is told anew, whatever stood there.
  affinities.service(3, balancer, 1);
  expect([now[3], writes()]).toEqual([CLIENT, before + 3]);
});
