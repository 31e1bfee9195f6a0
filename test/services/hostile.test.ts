/**
 * A node with a marker, a firewall, a balancer and a translator in one chain, in the provider's network and in two overlays,
 * under packets that nobody should send. Interpreter and kernel agree on each; scapy judges what goes on.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pairOf, SHORTEST } from "../headers/pair.ts";
import { type Outcome, type Packet, type Running, random, toHex, udp, vxlan } from "../kit/index.ts";
import { type Oracle, startOracle } from "../kit-tests/oracle.ts";
import { endpointOf, listenIn, OWN4, OWN6 } from "../overlay/underlay.ts";
import { answered, HOSTS, hostile, type Tunnel } from "./hostile.ts";

const TUNNELS: readonly Tunnel[] = [
  { vni: 7, kind: "vxlan", to: { 4: OWN4, 6: OWN6 } },
  { vni: 8, kind: "geneve", to: { 4: OWN4, 6: OWN6 } },
];
const BACKENDS = { 4: "10.2.0.1", 6: "2001:db8:d::1" } as const;
const MTU = 1400;

const pair = pairOf(new URL("./programs/gateway.ts", import.meta.url), {
  config: {
    "qos-marker.ports": [{ key: { protocol: 17, port: 5000 }, value: 46 }],
    "qos-marker.others": 64,
    "firewall.inside": { "10.0.0.0/8": 1, "2001:db8:a::/48": 1 },
    "firewall.open": Object.fromEntries(
      ["203.0.113.0/24", "2001:db8:c::/48"].map((prefix) => [
        prefix,
        { firstTcp: 80, lastTcp: 5000, firstUdp: 53, lastUdp: 5000, ping: 1 },
      ]),
    ),
    "balancer.four": { [`${HOSTS[4].virtual}/32`]: 1 },
    "balancer.six": { [`${HOSTS[6].virtual}/128`]: 1 },
    "balancer.backends4": [`${BACKENDS[4]}:8080`],
    "balancer.backends6": [`[${BACKENDS[6]}]:8080`],
    "nat44.inside": { "10.0.0.0/8": 1 },
    "nat44.external": { addresses: [HOSTS[4].external], forwards: {} },
  },
});

const LOOP = "203.0.113.99";
/** Who holds what, in each of the overlays; one of them is behind the node itself. */
const HOLDERS = [
  ...([4, 6] as const).flatMap((family) => [
    [HOSTS[family].inside, "192.0.2.7"] as const,
    [HOSTS[family].outside, "192.0.2.8"] as const,
    [BACKENDS[family], "192.0.2.9"] as const,
  ]),
  [LOOP, OWN4] as const,
];

/** The service takes all of both overlays too. */
const configure = async (running: Running): Promise<void> => {
  const { underlay } = running;
  await underlay.tunnels.set([OWN4, OWN6]);
  await underlay.addresses.set(
    [0, 7].flatMap((vni) => ["192.0.2.254", "2001:db8:ff::254"].map((address) => ({ vni, address }))),
  );
  await underlay.endpoints.set(
    TUNNELS.flatMap(({ vni, kind }) =>
      HOLDERS.map(([address, remote]) =>
        endpointOf({ vni, address, interface: vni, mtu: MTU }, { kind, local: OWN4, remote }),
      ),
    ),
  );
  for (const { vni } of TUNNELS) listenIn(running, vni);
};

let scapy: Oracle;
beforeAll(async () => {
  scapy = startOracle();
  await pair.tell(configure);
});
afterAll(() => scapy.close());

interface Level {
  readonly is: string;
  readonly faults: readonly string[];
}
const judged = async (packets: readonly Packet[]): Promise<readonly (readonly Level[])[]> =>
  (await scapy.ask<{ frames: Level[][] }>({ faults: packets.map(({ bytes }) => toHex(bytes)) })).frames;

const isForwarded = ({ verdict }: Outcome): boolean => verdict === "transmit" || verdict === "redirect";
const wrongSums = (level: Level): readonly string[] => level.faults.filter((fault) => fault.endsWith("checksum"));

/** Whether the node has made an error of the packet; null when that cannot be told: the packet has one inside, two tunnels deep. */
function isTold(sent: readonly Level[], left: readonly Level[]): boolean | null {
  if (left.at(-1)?.is !== "error") return false;
  return sent.at(-1)?.is !== "error" || (sent.length > 2 ? null : false);
}

/** What an outcome breaks of the promises, in words; null when it keeps them. */
function broken(sent: readonly Level[], left: readonly Level[], forwarded: boolean): string | null {
  for (const [index, level] of [...left].reverse().entries()) {
    const before = sent.at(-1 - index);
    // An error about the packet is the node's own; so is a tunnel that the packet was put into.
    const own = before === undefined || (level.is === "error" && before.is !== "error");
    const excused = own ? [] : forwarded ? wrongSums(before) : before.faults;
    const unexcused = level.faults.filter((fault) => !excused.includes(fault));
    if (unexcused.length > 0) return `sent on with ${unexcused.join(", ")}`;
  }
  return null;
}

/** Runs the packets one by one on both targets, and gives what became of them. */
async function run(sent: readonly Packet[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const packet of sent) {
    const [outcome] = (await pair.run([packet])) as [Outcome];
    outcomes.push(outcome);
  }
  return outcomes;
}

/** A frame's page has room for so many bytes, and tunnels before them. */
const LONGEST = 3400;
const ROUNDS = 12;
const BATCH = 400;

/** How often each verdict was given; and how many errors the node told, of packets that it has dropped. */
const ends = new Map<string, number>();
const errors = { told: 0, perhaps: 0 };

describe.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))("seed %i", (seed) => {
  test("no packet aborts a program, is dropped without a name, or goes on when it is not understood", async () => {
    const draw = random(seed);
    const sent = hostile(draw, BATCH, TUNNELS).filter(
      ({ bytes: { length } }) => length >= SHORTEST && length <= LONGEST,
    );
    const outcomes = await run(sent);
    // Answers to what has arrived, and what has arrived once more: flows are met from both sides.
    const again = outcomes.flatMap((outcome) => {
      if (!isForwarded(outcome) || draw.chance(0.5)) return [];
      const wrapped =
        outcome.verdict === "redirect" &&
        outcome.packet.layers.some(({ kind }) => kind === "vxlan" || kind === "geneve");
      return [draw.chance(0.3) ? outcome.packet : (answered(outcome.packet, wrapped ? 50 : 0) ?? outcome.packet)];
    });
    const all = [...sent, ...again];
    const results = [...outcomes, ...(await run(again))];
    const [before, after] = [await judged(all), await judged(results.map(({ packet }) => packet))];
    const failures = results.flatMap((outcome, index) => {
      const packet = all[index] as Packet;
      ends.set(outcome.verdict, (ends.get(outcome.verdict) ?? 0) + 1);
      const told = isForwarded(outcome) && isTold(before[index] as Level[], after[index] as Level[]);
      if (told !== false) errors[told === null ? "perhaps" : "told"] += 1;
      const found = (() => {
        if (outcome.verdict === "aborted") return "aborted";
        if (outcome.verdict === "drop") return outcome.reason === null ? "dropped without a name" : null;
        return broken(before[index] as Level[], after[index] as Level[], isForwarded(outcome));
      })();
      return found === null ? [] : [`${found}: ${toHex(packet.bytes)} -> ${toHex(outcome.packet.bytes)}`];
    });
    expect(failures).toEqual([]);
    pair.both((running) => running.advance("1s"));
  });
});

test("all of that came to every kind of end, and each drop was counted once", () => {
  const drops = pair.both((running) => running.drops());
  for (const reason of REASONS) expect(drops[reason], reason).toBeGreaterThan(0n);
  for (const verdict of ["drop", "pass", "redirect", "transmit"]) expect(ends.get(verdict)).toBeGreaterThan(10);
  const counted = Object.values(drops).reduce((sum, count) => sum + count, 0n);
  const least = (ends.get("drop") ?? 0) + errors.told;
  expect(counted).toBeGreaterThanOrEqual(least);
  // An error that the node made, and whose addressee is no endpoint, is a drop of its own.
  const unsent = Number((drops["node: no such endpoint"] ?? 0n) + (drops["service: no such endpoint"] ?? 0n));
  expect(counted).toBeLessThanOrEqual(least + errors.perhaps + unsent);
  expect(errors.perhaps + unsent).toBeLessThan(20);
});

const REASONS = [
  "service: malformed",
  "service: fragment without its first",
  "service: tiny first fragment",
  "service: overlapping fragment",
  "service: malformed fragment",
  "service: fragment of no flow",
  "service: error of no flow",
  "service: has no port",
  "service: nobody has the port",
  "service: too long for its way",
  "service: time to live exceeded",
  "firewall: no connection",
  "firewall: protocol",
  "firewall: not open",
  "node: no service in its network",
  "node: outer length",
  "node: outer checksum",
] as const;

test("a tunnel that leads back to the node is left when the packet's time to live is up", async () => {
  const TTL = 20;
  const request = udp(`${HOSTS[4].outside}:5000`, `${LOOP}:80`).payload("round and round", { ttl: TTL });
  let packet = vxlan(request, { from: "192.0.2.8", to: OWN4, vni: 7 });
  for (let round = 1; round < TTL; round++) {
    const [outcome] = (await pair.run([packet])) as [Outcome];
    expect(outcome).toHaveVerdict("redirect");
    packet = outcome.packet;
    expect(packet).toHaveFields({ "ipv4.destination": OWN4, "inner.ipv4.ttl": TTL - round });
  }
  const [outcome] = (await pair.run([packet])) as [Outcome];
  expect(outcome).toHaveVerdict("redirect");
  expect(outcome.packet).toHaveFields({ "ipv4.destination": "192.0.2.8", "inner.icmp.type": 11 });
});
