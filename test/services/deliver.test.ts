/** Delivery to an endpoint: by its station's MAC address, addresses kept; and beside other decisions of the chain. */
import { expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import { icmp, type Outcome, type Overrides, type Packet, tcp, udp } from "../kit/index.ts";

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const place = (address: string, direct: 0 | 1) => ({ address, vni: 7, direct });

const pair = pairOf(new URL("./programs/two-deciders.ts", import.meta.url), {
  config: {
    "deliverer.places": [
      { key: { protocol: TCP }, value: place("10.9.0.1", 0) },
      { key: { protocol: UDP }, value: place("10.9.0.2", 1) },
      { key: { protocol: ICMP }, value: place("10.9.0.3", 0) },
    ],
    "mover.ports": [{ key: { port: 9000 }, value: { to: "10.3.0.1:9001" } }],
  },
});

const STATION = { interface: 5, destination: "02:aa:00:00:00:01", source: "02:aa:00:00:00:02" };
const held = new Map<string, object>();
const configure = (): void => pair.both((running) => running.config.set("service.endpoints", [...held.values()]));
const hold = (address: string, station: object = STATION, vni = 7): void => {
  held.set(`${address} ${vni}`, { address, vni, ...station });
  configure();
};
const release = (address: string): void => {
  held.delete(`${address} 7`);
  configure();
};

const one = async (packet: Packet): Promise<Outcome> => (await pair.run([packet]))[0] as Outcome;
const between = ({ source, destination }: { source: string; destination: string }): Overrides => ({
  sourceMac: source,
  destinationMac: destination,
});

test("the packet goes to the station that holds the address, otherwise as it came", async () => {
  hold("10.9.0.1");
  const sent = tcp("10.0.0.7:1001", "10.1.0.1:80").payload("there", { ttl: 1 });
  const outcome = await one(sent);
  expect(outcome).toHaveVerdict("redirect");
  expect(outcome).toEqualPacket(sent.with(between(STATION)));
  expect(outcome.nextHop).toBe(STATION.destination);
});

test("an endpoint that has moved is followed by flows that are decided", async () => {
  hold("10.9.0.1");
  const client = tcp("10.0.0.7:1002", "10.1.0.1:80");
  await one(client.syn());
  const moved = { interface: 6, destination: "02:bb:00:00:00:01", source: "02:bb:00:00:00:02" };
  hold("10.9.0.1", moved);
  expect(await one(client.payload("more"))).toEqualPacket(client.payload("more").with(between(moved)));
});

test("an endpoint that nobody holds is a drop with a name", async () => {
  release("10.9.0.1");
  const sent = tcp("10.0.0.7:1003", "10.1.0.1:80").syn();
  const outcome = await one(sent);
  expect(outcome).toHaveVerdict("drop");
  expect(outcome.reason).toBe("service: no such endpoint");
  expect(outcome).toEqualPacket(sent);
  expect(pair.both((running) => running.drops())).toEqual({ "service: no such endpoint": 1n });
  hold("10.9.0.1");
  expect(await one(sent)).toHaveVerdict("redirect");
});

test("the same address in another network is another endpoint", async () => {
  hold("10.9.0.3", STATION, 8);
  expect(await one(icmp("10.0.0.7", "10.1.0.1").echo())).toHaveVerdict("drop");
});

/** How many directions of the flow with this client port are remembered. */
const entriesOf = (port: number): number =>
  pair.both((running) => {
    const swapped = ((port & 0xff) << 8) | (port >> 8);
    const pages = running.map("zeta_node_flows4").entries() as [number, { ways: { key: bigint[]; until: number }[] }][];
    const living = pages.flatMap(([, { ways }]) => ways.filter(({ until }) => until !== 0));
    return living.filter(({ key: [, last = 0n] }) => {
      const [source, destination] = [Number(last & 0xffffn), Number((last >> 16n) & 0xffffn)];
      return source === swapped || destination === swapped;
    }).length;
  });

test("'here' knows the replies, 'direct' does not", async () => {
  hold("10.9.0.1");
  hold("10.9.0.2");
  await one(tcp("10.0.0.7:51001", "10.1.0.1:80").syn());
  await one(udp("10.0.0.7:51002", "10.1.0.1:53").payload("?"));
  expect(entriesOf(51001)).toBe(2);
  expect(entriesOf(51002)).toBe(1);
});

test("what later middleboxes decide does not undo the delivery", async () => {
  hold("10.9.0.1");
  const sent = tcp("10.0.0.7:1005", "10.1.0.1:9000").payload("there");
  const outcome = await one(sent);
  expect(outcome).toHaveVerdict("redirect");
  expect(outcome).toEqualPacket(sent.with({ destination: "10.3.0.1:9001", ...between(STATION) }));
  expect(outcome.packet).toHaveValidChecksums();
  const reply = tcp("10.3.0.1:9001", "10.0.0.7:1005").payload("back");
  const back = await one(reply);
  expect(back.packet).toHaveFields({ "ipv4.source": "10.1.0.1", "tcp.sourcePort": 9000 });
  expect(back.packet).toHaveValidChecksums();
});

test("flows to a station that the node is told of leave to it, and ask for no route; replies go by theirs", async () => {
  pair.both((running) => running.config.set("deliverer.places", []));
  const told = { ...STATION, destination: "02:aa:00:00:00:09" };
  await pair.tell((running) => running.underlay.endpoints.set([{ kind: "station", address: "10.3.0.1", ...told }]));
  const sent = udp("10.0.0.70:1070", "10.1.0.1:9000").payload("there");
  const outcome = await one(sent);
  expect(outcome).toHaveVerdict("redirect");
  expect(outcome).toEqualPacket(sent.with({ destination: "10.3.0.1:9001", ttl: 63, ...between(told) }));
  const back = await one(udp("10.3.0.1:9001", "10.0.0.70:1070").payload("back"));
  expect(back).toHaveVerdict("redirect");
  expect(back.packet.layer("ethernet").destination).not.toBe(told.destination);
  await pair.tell((running) => running.underlay.endpoints.set([]));
  const wrong = [{ kind: "station", address: "10.3.0.1", ...told, vxlan: 7 } as never];
  await pair.tell((running) => expect(running.underlay.endpoints.set(wrong)).rejects.toThrow("endpoints[0]"));
});
