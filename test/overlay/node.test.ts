/**
 * A node in overlays: what comes in tunnels is brought out, belongs to the services of its network, and leaves by tunnels.
 * Two networks use the same addresses.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import { geneve, icmp, type Outcome, type Packet, tcp, udp, vxlan } from "../kit/index.ts";
import { FAULTS_OF_CUT_QUOTES, startWireshark, type Wireshark } from "../kit-tests/wireshark.ts";
import { endpointOf, OWN4, OWN6, STATIONS } from "./underlay.ts";

const CLIENT = "10.0.0.7";
const BACKEND = "10.2.0.1";
const SERVICE = "10.1.0.1";
const GATEWAY = "10.1.0.254";
const MTU = 1400;

/** Where the endpoints of each network are. */
const HOSTS = {
  7: { kind: "vxlan", local: OWN4, client: "192.0.2.7", backend: "192.0.2.17" },
  8: { kind: "geneve", local: OWN4, client: "192.0.2.8", backend: "192.0.2.18" },
  9: { kind: "vxlan", local: OWN6, client: "2001:db8:ff::9", backend: "2001:db8:ff::19" },
} as const;
type Network = keyof typeof HOSTS;
const NETWORKS: readonly Network[] = [7, 8, 9];

const pair = pairOf(new URL("../../examples/balancer/service.ts", import.meta.url), {
  config: {
    "service.listen": [
      ...NETWORKS.flatMap((vni) => [`${SERVICE}:80/tcp@${vni}`, `${SERVICE}:53/udp@${vni}`]),
      `${SERVICE}:81/tcp`,
    ],
    "balancer.backends": [`${BACKEND}:8080`],
  },
});

let wireshark: Wireshark;
beforeAll(async () => {
  wireshark = await startWireshark();
});
afterAll(() => wireshark.close());

const configure = (): Promise<void> =>
  pair.tell(async ({ underlay }) => {
    await underlay.tunnels.set([OWN4, OWN6]);
    await underlay.endpoints.set(
      NETWORKS.flatMap((vni) => {
        const { kind, local, client, backend } = HOSTS[vni];
        return [[CLIENT, client] as const, [BACKEND, backend] as const].map(([address, remote]) =>
          endpointOf({ vni, address, interface: vni, mtu: MTU }, { kind, local, remote }),
        );
      }),
    );
    await underlay.addresses.set([{ vni: 7, address: GATEWAY }]);
  });
beforeAll(configure);

const wrapped = (inner: Packet, vni: number, from: string, kind: "vxlan" | "geneve", to = OWN4): Packet =>
  (kind === "vxlan" ? vxlan : geneve)(inner, { from, to, vni });
const fromClient = (inner: Packet, vni: Network): Packet => {
  const { kind, client, local } = HOSTS[vni];
  return wrapped(inner, vni, client, kind, local);
};
const fromBackend = (inner: Packet, vni: Network): Packet => {
  const { kind, backend, local } = HOSTS[vni];
  return wrapped(inner, vni, backend, kind, local);
};

const emitted: Packet[] = [];
/** Errors that quote only the beginning of a packet. */
const cutQuotes: Packet[] = [];
const one = async (packet: Packet, sent = emitted): Promise<Outcome> => {
  const [outcome] = (await pair.run([packet])) as [Outcome];
  if (outcome.verdict === "redirect") sent.push(outcome.packet);
  return outcome;
};
/** What is inside: the layers behind the tunnel's. */
const overhead = (packet: Packet): number => (packet.layers[1]?.kind === "ipv6" ? 70 : 50);
const inside = (packet: Packet): Uint8Array => packet.bytes.slice(overhead(packet));
const to = (inner: Packet, changes: object): Uint8Array =>
  inner.with({ ...changes, sourceMac: STATIONS.inner.source, destinationMac: STATIONS.inner.destination }).bytes;
const outerOf = (packet: Packet) => {
  const [, ip, udpLayer, tunnel] = packet.layers as unknown as { source: string; destination: string; vni: number }[];
  return { source: ip?.source, destination: ip?.destination, port: udpLayer?.source, vni: tunnel?.vni };
};

describe.each(NETWORKS)("network %i", (vni) => {
  const host = HOSTS[vni];
  const client = tcp(`${CLIENT}:4000`, `${SERVICE}:80`);

  test("the client's packets go to its network's backend, and back", async () => {
    const there = await one(fromClient(client.syn(), vni));
    expect(there).toHaveVerdict("redirect");
    expect(inside(there.packet)).toEqual(to(client.syn(), { destination: `${BACKEND}:8080`, ttl: 63 }));
    expect(there.packet).toHaveValidChecksums();
    expect(outerOf(there.packet)).toMatchObject({ source: host.local, destination: host.backend });
    const reply = tcp(`${BACKEND}:8080`, `${CLIENT}:4000`).synAck();
    const back = await one(fromBackend(reply, vni));
    expect(back).toHaveVerdict("redirect");
    expect(inside(back.packet)).toEqual(to(reply, { source: `${SERVICE}:80`, ttl: 63 }));
    expect(outerOf(back.packet)).toMatchObject({ source: host.local, destination: host.client });
    expect(back.packet).toHaveValidChecksums();
  });

  test("a packet that is too long is answered with the length that goes through, into the sender's tunnel", async () => {
    const long = client.payload("x".repeat(MTU - 40 + 1));
    const { packet, verdict } = await one(fromClient(long.with({ ipv4: { dontFragment: true } }), vni), cutQuotes);
    expect(verdict).toBe("redirect");
    expect(outerOf(packet)).toMatchObject({ destination: host.client });
    expect(packet.layers.at(-1)).toBeDefined();
    expect(packet).toHaveValidChecksums();
    expect(Buffer.from(inside(packet)).readUInt16BE(14 + 20 + 6)).toBe(MTU);
    expect(Buffer.from(inside(packet)).readUInt16BE(14 + 20)).toBe(0x0304);
    const quoted = inside(packet).slice(14 + 28, 14 + 28 + 40);
    expect(quoted).toEqual(long.with({ ipv4: { dontFragment: true } }).bytes.slice(14, 54));
    const fits = client.payload("x".repeat(MTU - 40)).with({ ipv4: { dontFragment: true } });
    expect((await one(fromClient(fits, vni))).packet).toHaveValidChecksums();
    const cut = await one(fromClient(long.with({ ipv4: { dontFragment: false } }), vni));
    expect(cut).toHaveVerdict("drop");
    expect(cut.reason).toBe("service: too long for its way");
  });

  test("a time to live that is up is answered by the sender's tunnel", async () => {
    const last = client.payload("last", { ttl: 1 });
    const { packet, verdict } = await one(fromClient(last, vni));
    expect(verdict).toBe("redirect");
    expect(outerOf(packet)).toMatchObject({ destination: host.client });
    const error = Buffer.from(inside(packet));
    expect(error.readUInt16BE(14 + 20)).toBe(0x0b00);
    // Where the node has no address of its own, it speaks for the one that was asked.
    const own = vni === 7 ? GATEWAY : SERVICE;
    expect([...error.subarray(26, 30)].join(".")).toBe(own);
    expect([...error.subarray(30, 34)].join(".")).toBe(CLIENT);
    expect(inside(packet).slice(14 + 28)).toEqual(last.bytes.slice(14));
    expect(packet).toHaveValidChecksums();
  });

  test("nothing of it is the host's", async () => {
    // What was counted of packets that were answered is not the reason of the next drop.
    await one(fromClient(tcp(`${CLIENT}:4000`, `${SERVICE}:81`).syn(), vni));
    for (const stray of [
      tcp(`${CLIENT}:4000`, "10.1.0.9:80").syn(),
      tcp(`${CLIENT}:4000`, `${SERVICE}:81`).syn(),
      udp(`${CLIENT}:4000`, `${OWN4}:4789`).payload("a tunnel in a tunnel"),
      icmp(CLIENT, SERVICE).echo(),
    ]) {
      const outcome = await one(fromClient(stray, vni));
      expect(outcome).toHaveVerdict("drop");
      expect(outcome.reason).toBe("node: no service in its network");
    }
  });

  test("errors about either end's packets go to its tunnel, as errors about what it sent itself", async () => {
    const sent = tcp(`${CLIENT}:4500`, `${SERVICE}:80`);
    const left = tcp(`${CLIENT}:4500`, `${BACKEND}:8080`);
    await one(fromClient(sent.syn(), vni));
    const ofClient = icmp(BACKEND, CLIENT);
    const there = await one(fromBackend(ofClient.unreachable(left.syn()), vni));
    expect(there).toHaveVerdict("redirect");
    expect(outerOf(there.packet)).toMatchObject({ destination: host.client, vni });
    expect(inside(there.packet)).toEqual(to(icmp(SERVICE, CLIENT).unreachable(sent.syn()), { ttl: 63 }));
    const back = await one(fromClient(icmp(CLIENT, SERVICE).timeExceeded(sent.reverse().synAck()), vni));
    expect(back).toHaveVerdict("redirect");
    expect(outerOf(back.packet)).toMatchObject({ destination: host.backend, vni });
    expect(inside(back.packet)).toEqual(to(icmp(CLIENT, BACKEND).timeExceeded(left.reverse().synAck()), { ttl: 63 }));
    const stray = await one(fromBackend(ofClient.unreachable(tcp(`${CLIENT}:4501`, `${BACKEND}:8080`).syn()), vni));
    expect(stray).toHaveVerdict("drop");
    expect(stray.reason).toBe("node: error of no flow");
  });

  test("nobody is told of an error that expires here", async () => {
    const sent = tcp(`${CLIENT}:4600`, `${SERVICE}:80`);
    await one(fromClient(sent.syn(), vni));
    const last = icmp(CLIENT, SERVICE).timeExceeded(sent.reverse().synAck(), { ttl: 1 });
    const outcome = await one(fromClient(last, vni));
    expect(outcome).toHaveVerdict("drop");
    expect(outcome.reason).toBe("service: time to live exceeded");
  });

  test("whose time is up is told, though nobody takes it", async () => {
    for (const last of [
      udp(`${CLIENT}:4000`, `${SERVICE}:33435`).payload("?", { ttl: 1 }),
      icmp(CLIENT, "10.1.0.9").echo({}, { ttl: 1 }),
    ]) {
      const { packet, verdict } = await one(fromClient(last, vni));
      expect(verdict).toBe("redirect");
      expect(outerOf(packet)).toMatchObject({ destination: host.client });
      const error = Buffer.from(inside(packet));
      expect(error.readUInt16BE(14 + 20)).toBe(0x0b00);
      expect(error.subarray(14 + 28)).toEqual(Buffer.from(last.bytes.slice(14)));
      expect(packet).toHaveValidChecksums();
    }
  });

  test("a client that no endpoint stands for is refused", async () => {
    const outcome = await one(fromClient(tcp("10.0.0.99:4000", `${SERVICE}:80`).syn(), vni));
    expect(outcome).toHaveVerdict("drop");
    expect(outcome.reason).toBe("service: no such endpoint");
  });
});

test("flows of one network are unknown to the other, with equal addresses and ports", async () => {
  const client = tcp(`${CLIENT}:5000`, `${SERVICE}:80`);
  await one(fromClient(client.syn(), 7));
  const about = icmp(BACKEND, CLIENT).unreachable(tcp(`${CLIENT}:5000`, `${BACKEND}:8080`).syn());
  expect((await one(fromBackend(about, 8))).reason).toBe("node: error of no flow");
  expect(await one(fromBackend(about, 7))).toHaveVerdict("redirect");
  const stray = await one(fromBackend(tcp(`${BACKEND}:8080`, `${CLIENT}:5000`).synAck(), 8));
  expect(stray).toHaveVerdict("drop");
  expect(stray.reason).toBe("node: no service in its network");
  const back = await one(fromBackend(tcp(`${BACKEND}:8080`, `${CLIENT}:5000`).synAck(), 7));
  expect(outerOf(back.packet)).toMatchObject({ destination: HOSTS[7].client });
});

test("packets of one flow have one source port, those of many have many", async () => {
  const portOf = async (from: number) =>
    Buffer.from((await one(fromClient(tcp(`${CLIENT}:${from}`, `${SERVICE}:80`).syn(), 7))).packet.bytes).readUInt16BE(
      34,
    );
  const ports = new Set<number>();
  for (let from = 6000; from < 6040; from++) ports.add(await portOf(from));
  expect(ports.size).toBeGreaterThan(30);
  for (const port of ports) expect(port).toBeGreaterThanOrEqual(49_152);
  expect(await portOf(6000)).toBe(await portOf(6000));
});

describe("faults", () => {
  const inner = tcp(`${CLIENT}:4000`, `${SERVICE}:80`).syn();
  const at7 = { from: HOSTS[7].client, to: OWN4, vni: 7 };
  test.each([
    ["network 0", wrapped(inner, 0, HOSTS[7].client, "vxlan"), "node: tunnel network"],
    ["a fragment", vxlan(inner, { ...at7, overrides: { ipv4: { moreFragments: true } } }), "node: outer fragment"],
    ["a bad header checksum", vxlan(inner, { ...at7, overrides: { ipv4: { checksum: 1 } } }), "node: outer checksum"],
  ] as const)("%s is counted by its name", async (_, packet, reason) => {
    const outcome = await one(packet);
    expect(outcome).toHaveVerdict("drop");
    expect(outcome.reason).toBe(reason);
  });

  test("what is not a tunnel's, or not to us, is the host's", async () => {
    for (const packet of [
      udp("192.0.2.7:4000", `${OWN4}:4788`).payload("no tunnel's port"),
      vxlan(inner, { from: HOSTS[7].client, to: "192.0.2.99", vni: 7 }),
      tcp("192.0.2.7:4000", `${OWN4}:4789`).syn(),
    ]) {
      const outcome = await one(packet);
      expect(outcome).toHaveVerdict("pass");
      expect(outcome).toEqualPacket(packet);
    }
  });
});

test("Wireshark finds nothing malformed and no bad checksum in all that was sent", async () => {
  expect(emitted.length).toBeGreaterThan(50);
  expect(await wireshark.faults(emitted)).toEqual([]);
  expect(cutQuotes.length).toBe(NETWORKS.length);
  expect(await wireshark.faults(cutQuotes, FAULTS_OF_CUT_QUOTES)).toEqual([]);
});
