/** The walk of a packet through forwarders and a chain, in the interpreter: who decides, who keeps, and what goes along. */
import { expect, test } from "vitest";
import { dissect, listFields, tcp } from "zeta/testing";
import { openCluster } from "../kit/cluster/cluster.ts";

const balancer = {
  source: new URL("../../examples/balancer/service.ts", import.meta.url),
  config: {
    "service.listen": ["10.1.0.1:80/tcp"],
    "balancer.backends": ["10.2.0.1:8080", "10.2.0.2:8080", "10.2.0.3:8080"],
  },
};
const open = (length: number) => openCluster({ forwarders: 3, chains: [length], services: [balancer] });
const field = (frame: Uint8Array, name: string): unknown =>
  listFields(dissect(frame)).find(({ path }) => path === name)?.value;
const client = tcp("10.0.0.7:40000", "10.1.0.1:80");

test("a new flow takes one hop more than its chain is long, and every member has it", async () => {
  const cluster = await open(3);
  const [left] = cluster.send(1, client.syn().bytes);
  console.log(cluster.wire().map(({ from, to, frame }) => `${from}>${to} op ${frame[54]} ${frame.length}`), left, [...cluster.members].map(([id, m]) => [id, m.drops()]));
  expect(left?.how).toBe("sent");
});
