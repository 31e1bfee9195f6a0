/** A node answers for its entrances before any service sees the question, and in networks for endpoints too, into their tunnels. */
import { beforeAll, describe, expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import { arp, fromBytes, geneve, icmpv6, type Outcome, type Packet, vlan, vxlan } from "../kit/index.ts";
import { startJudges } from "../kit-tests/judges.ts";
import { OWN4, OWN6 } from "../overlay/underlay.ts";

const pair = pairOf(new URL("./programs/greedy.ts", import.meta.url));
const judges = startJudges();

const ASKER = "02:00:00:00:00:01";
const FAR = "02:00:00:00:00:99";
const OURS = "02:5a:00:00:00:09";
const GATEWAY = "02:bb:00:00:00:01";
/** Two networks with the same addresses, over either family. */
const NETWORKS = {
  7: { tunnel: vxlan, own: OWN4, host: "192.0.2.7" },
  8: { tunnel: geneve, own: OWN6, host: "2001:db8:ff::8" },
};
type Network = keyof typeof NETWORKS;
const VNIS = [7, 8] as const;

const OUTER = { source: "02:aa:00:00:00:01", destination: "02:aa:00:00:00:02" };

beforeAll(() =>
  pair.tell(async ({ underlay }) => {
    await underlay.tunnels.set([OWN4, OWN6]);
    await underlay.entrances.set([
      { address: "10.1.0.1", mac: OURS },
      { address: "2001:db8::1", mac: OURS },
      ...VNIS.flatMap((vni) => [
        { vni, address: "10.7.0.1", mac: GATEWAY },
        { vni, address: "fd00::1", mac: GATEWAY, router: true },
      ]),
    ]);
    await underlay.endpoints.set(
      VNIS.flatMap((vni) => {
        const { own: local, host: remote } = NETWORKS[vni];
        const kind = vni === 7 ? ("vxlan" as const) : ("geneve" as const);
        const way = { vni, kind, local, remote, interface: vni, gatewayMac: GATEWAY, ...OUTER };
        return [
          { ...way, mac: ASKER, address: "10.7.0.7" },
          { ...way, mac: ASKER, address: "fd00::7" },
          { ...way, mac: FAR, address: "10.7.0.9" },
          { ...way, mac: FAR, address: "fd00::9" },
        ];
      }),
    );
  }),
);

const ask = async (packet: Packet): Promise<Outcome> => ((await pair.run([packet])) as [Outcome])[0];
const group = (of: string) => ({ ethernet: { destination: `33:33:ff:00:00:${of}` } });
const solicited = (from: string, host: string, of = "fd00::") =>
  icmpv6(from, `ff02::1:ff00:${host}`).neighbourSolicitation(`${of}${host}`, group(host.padStart(2, "0")));

const arpReply = (own: string, address: string, to: string): string =>
  `Ether(src="${own}", dst="${ASKER}")/ARP(op=2, hwsrc="${own}", psrc="${address}", hwdst="${ASKER}", pdst="${to}")`;
const advertisement = (own: string, of: string, to: string, flags: string): string =>
  `Ether(src="${own}", dst="${ASKER}")/IPv6(src="${of}", dst="${to}", hlim=255)/ICMPv6ND_NA(tgt="${of}", ${flags})/ICMPv6NDOptDstLLAddr(lladdr="${own}")`;

describe("outside overlays", () => {
  test.each<readonly [string, Packet, string]>([
    ["ARP", arp("10.1.0.200", "10.1.0.1").request(), arpReply(OURS, "10.1.0.1", "10.1.0.200")],
    [
      "neighbour discovery",
      solicited("2001:db8::7", "1", "2001:db8::"),
      advertisement(OURS, "2001:db8::1", "2001:db8::7", "R=0, S=1, O=1"),
    ],
  ])("%s for an entrance is answered, whatever a service takes", async (_, packet, expected) => {
    const outcome = await ask(packet);
    expect(outcome).toHaveVerdict("transmit");
    expect(outcome).toEqualPacket(await judges.built(expected));
  });

  test.each<readonly [string, Packet]>([
    ["ARP", arp("10.1.0.200", "10.1.0.99").request()],
    ["ARP of a network's entrance", arp("10.7.0.200", "10.7.0.1").request()],
    ["neighbour discovery", solicited("2001:db8::7", "99", "2001:db8::")],
    ["neighbour discovery in a tag", vlan(9, solicited("2001:db8::7", "99", "2001:db8::"))],
  ])("%s for others is the host's, and no service's", async (_, packet) => {
    const outcome = await ask(packet);
    expect(outcome).toHaveVerdict("pass");
    expect(outcome).toEqualPacket(packet);
  });
});

describe.each(VNIS)("network %i", (vni: Network) => {
  const { tunnel, own, host } = NETWORKS[vni];
  const overhead = vni === 7 ? 50 : 70;
  const within = (packet: Packet) => tunnel(packet, { from: host, to: own, vni });
  const expectAnswer = async (question: Packet, expected: string): Promise<void> => {
    const outcome = await ask(within(question));
    expect(outcome).toHaveVerdict("redirect");
    expect(fromBytes(outcome.packet.bytes.slice(overhead))).toEqualPacket(await judges.built(expected));
    expect(outcome.packet.layers[1]).toMatchObject({ source: own, destination: host });
    expect(outcome.packet.layer(vni === 7 ? "vxlan" : "geneve").vni).toBe(vni);
    expect(await judges.wireshark.faults([outcome.packet])).toEqual([]);
  };
  const expectRefused = async (question: Packet): Promise<void> => {
    const outcome = await ask(within(question));
    expect(outcome).toHaveVerdict("drop");
    expect(outcome.reason).toBe("node: no such endpoint");
  };

  test("the gateway's addresses are answered for, into the asker's tunnel", async () => {
    await expectAnswer(arp("10.7.0.7", "10.7.0.1").request(), arpReply(GATEWAY, "10.7.0.1", "10.7.0.7"));
    const flags = "R=1, S=1, O=1";
    await expectAnswer(solicited("fd00::7", "1"), advertisement(GATEWAY, "fd00::1", "fd00::7", flags));
    await expectAnswer(solicited("fe80::7", "1"), advertisement(GATEWAY, "fd00::1", "fe80::7", flags));
  });

  test("so are endpoints, in their stead", async () => {
    await expectAnswer(arp("10.7.0.7", "10.7.0.9").request(), arpReply(GATEWAY, "10.7.0.9", "10.7.0.7"));
    await expectAnswer(solicited("fd00::7", "9"), advertisement(GATEWAY, "fd00::9", "fd00::7", "R=0, S=1, O=0"));
  });

  test.each<readonly [string, Packet]>([
    ["who looks whether an endpoint's address is free, by ARP", arp("0.0.0.0", "10.7.0.7").request()],
    ["by neighbour discovery", solicited("::", "7").with({ icmpv6: { options: [] } })],
    ["the endpoint that asks for itself", arp("10.7.0.9", "10.7.0.7").request()],
    ["by neighbour discovery", solicited("fd00::9", "7")],
    ["what nobody has", arp("10.7.0.7", "10.7.0.66").request()],
    ["by neighbour discovery", solicited("fd00::7", "66")],
    ["an entrance outside", arp("10.7.0.7", "10.1.0.1").request()],
    [
      "a station that nobody knows",
      arp("10.7.0.66", "10.7.0.1")
        .request()
        .with({ ethernet: { source: "02:00:00:00:00:66" } }),
    ],
    ["an advertisement", arp("10.7.0.7", "10.7.0.1").reply()],
  ])("not answered: %s", (_, packet) => expectRefused(packet));
});
