/** What the gateway promises, inside of tunnels: two subnets of a network, a peer, and nobody else. */
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import {
  fragments,
  fromBytes,
  icmp,
  icmpv6,
  type Outcome,
  type Packet,
  tcp,
  truncations,
  udp,
  vxlan,
} from "zeta/testing";
import { onEveryTarget } from "zeta/testing/vitest";

const service = new URL("./service.ts", import.meta.url);
const config = JSON.parse(readFileSync(new URL("./config.json", import.meta.url), "utf8"));
const [OURS, PEER] = [71, 73];
const [NODE, GATEWAY] = ["192.0.2.1", "02:99:00:00:00:01"];

/** Machines by the network, an address of each family, and the last number of their host and MAC address. */
const MACHINES = [
  { vni: OURS, four: "10.0.0.7", six: "fd00:0:0:1::7", host: 17 },
  { vni: OURS, four: "10.0.0.8", six: "fd00:0:0:1::8", host: 18 },
  { vni: OURS, four: "10.0.1.9", six: "fd00:0:0:2::9", host: 19 },
  { vni: PEER, four: "10.8.0.5", six: "fd08::5", host: 25 },
] as const;
const endpoints = MACHINES.flatMap(({ vni, four, six, host }) =>
  [four, six].map((address) => ({
    ...{ vni, address, kind: "vxlan" as const, local: NODE, remote: `192.0.2.${host}`, interface: host, mtu: 1450 },
    ...{ mac: `02:0a:00:00:00:${host}`, gatewayMac: GATEWAY },
    ...{ source: "02:bb:00:00:00:01", destination: "02:bb:00:00:00:02" },
  })),
);

const OVERHEAD = 50;
const inside = ({ packet }: Outcome): Packet => fromBytes(packet.bytes.slice(OVERHEAD));
const wayOf = ({ packet }: Outcome) => {
  const [, outer] = packet.layers as unknown as { destination: string }[];
  return { host: outer?.destination, vni: packet.layer("vxlan").vni };
};
const arrived = (sent: Packet, host: number, ttl: number): Packet =>
  sent.with({ sourceMac: GATEWAY, destinationMac: `02:0a:00:00:00:${host}`, ttl });

onEveryTarget(
  service,
  (target) => {
    beforeEach(async () => {
      await target.underlay.tunnels.set([NODE]);
      await target.underlay.endpoints.set(endpoints);
      await target.underlay.addresses.set([
        { vni: OURS, address: "10.0.0.1" },
        { vni: OURS, address: "fd00:0:0:1::1" },
      ]);
      target.config.set(config);
    });
    const one = async (inner: Packet, vni = OURS): Promise<Outcome> =>
      (await target.run(vxlan(inner, { from: "192.0.2.17", to: NODE, vni })))[0] as Outcome;

    /** Source and destination in each family. */
    const families = (to: (typeof MACHINES)[number]) => [
      tcp("10.0.0.7:4000", `${to.four}:80`).syn({ ttl: 64 }),
      udp(`[fd00:0:0:1::7]:4000`, `[${to.six}]:53`).payload("?", { ttl: 64 }),
    ];

    test.each([
      ["a neighbour in its subnet, as old as it was", MACHINES[1], 64],
      ["a machine of another subnet, a hop older", MACHINES[2], 63],
      ["a peer's machine, in the peer's network", MACHINES[3], 63],
    ] as const)("a machine reaches %s", async (_, to, ttl) => {
      for (const sent of families(to)) {
        const outcome = await one(sent);
        expect(outcome).toHaveVerdict("forward");
        expect(wayOf(outcome)).toEqual({ host: `192.0.2.${to.host}`, vni: to.vni });
        expect(inside(outcome)).toEqualPacket(arrived(sent, to.host, ttl));
        expect(outcome.packet).toHaveValidChecksums();
      }
    });

    test("whatever it sends: fragments, errors, protocols without ports", async () => {
      const whole = udp("10.0.0.7:4000", "10.0.1.9:53").payload("x".repeat(1300), { ttl: 64 });
      const about = udp("10.0.1.9:4000", "10.0.0.7:53").payload("?");
      const error = icmp("10.0.0.7", "10.0.1.9").unreachable(about, 3, { ttl: 64 });
      for (const sent of [...fragments(whole, { size: 800 }), error, whole.with({ ipv4: { protocol: 47 } })])
        expect(inside(await one(sent))).toEqualPacket(arrived(sent, 19, 63));
    });

    test("the gateway answers pings, and nothing else that is sent to it", async () => {
      const said = { identifier: 9, sequence: 2, payload: "ping" };
      const stations = { sourceMac: GATEWAY, destinationMac: "02:0a:00:00:00:17" };
      const ping = await one(icmp("10.0.0.7", "10.0.0.1").echo(said));
      expect(wayOf(ping)).toEqual({ host: "192.0.2.17", vni: OURS });
      expect(inside(ping)).toEqualPacket(icmp("10.0.0.7", "10.0.0.1").echoReply(said, stations));
      const six = icmpv6("fd00:0:0:1::7", "fd00:0:0:2::1");
      expect(inside(await one(six.echo(said)))).toEqualPacket(six.echoReply(said, stations));
      const other = await one(tcp("10.0.0.7:4000", "10.0.0.1:22").syn());
      expect(other.reason).toBe("service: no such endpoint");
    });

    describe("its sender is told", () => {
      const errorOf = (outcome: Outcome) => {
        expect(wayOf(outcome)).toEqual({ host: "192.0.2.17", vni: OURS });
        expect(outcome.packet).toHaveValidChecksums();
        const bytes = Buffer.from(inside(outcome).bytes);
        return { from: [...bytes.subarray(26, 30)].join("."), kind: bytes.readUInt16BE(34) };
      };

      test("when a packet's time is up; not by a switch", async () => {
        const last = await one(tcp("10.0.0.7:4000", "10.0.1.9:80").syn({ ttl: 1 }));
        expect(errorOf(last)).toEqual({ from: "10.0.0.1", kind: 0x0b00 });
        const near = tcp("10.0.0.7:4000", "10.0.0.8:80").syn({ ttl: 1 });
        expect(inside(await one(near))).toEqualPacket(arrived(near, 18, 1));
      });

      test("when there is no route", async () => {
        const stray = await one(udp("10.0.0.7:4000", "10.9.0.1:53").payload("?"));
        expect(errorOf(stray)).toEqual({ from: "10.9.0.1", kind: 0x030d });
        expect(target.drops()).toEqual({ "vpc-gateway: no route": 1n });
      });
    });

    test("what config does not allow goes nowhere", async () => {
      for (const [sent, reason] of [
        [tcp("10.0.2.7:4000", "10.0.1.9:80").syn(), "vpc-gateway: not from this network"],
        [tcp("10.8.0.5:4000", "10.0.1.9:80").syn(), "vpc-gateway: not from this network"],
        [udp("[fe80::7]:546", "[ff02::1:2]:547").payload("?"), "vpc-gateway: not from this network"],
        [tcp("10.0.0.7:4000", "10.0.1.10:80").syn(), "service: no such endpoint"],
        [tcp("10.0.0.7:4000", "10.8.0.6:80").syn(), "service: no such endpoint"],
      ] as const) {
        const outcome = await one(sent);
        expect(outcome).toHaveVerdict("drop");
        expect(outcome.reason).toBe(reason);
      }
      // Nobody serves the network that it came from.
      const elsewhere = await one(tcp("10.0.0.7:4000", "10.0.0.8:80").syn(), 72);
      expect(elsewhere.reason).toBe("node: no service in its network");
      target.config.set("vpc-gateway.peers", {});
      expect(await one(tcp("10.0.0.7:4000", "10.8.0.5:80").syn({ ttl: 64 }))).not.toHaveFields({
        "tcp.destinationPort": 80,
      });
      expect(target.drops()["vpc-gateway: no route"]).toBe(1n);
    });

    test("packets cut at any byte never abort, nor leave the gateway", async () => {
      const sent = tcp("10.0.0.7:4000", "10.0.1.9:80").syn();
      const cut = truncations(sent).slice(14, 14 + 20);
      for (const inner of cut) expect((await one(inner)).verdict).toBe("drop");
    });
  },
  { vni: OURS },
);
