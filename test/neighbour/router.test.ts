/** Router solicitations are answered by entrances that are called routers, as scapy would have it; whatever else looks like one goes on. */
import { cpus } from "node:os";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import { fromBytes, geneve, type Outcome, type Packet, vlan, vxlan } from "../kit/index.ts";
import { startJudges } from "../kit-tests/judges.ts";
import { OWN4, OWN6 } from "../overlay/underlay.ts";

const pair = pairOf(new URL("./programs/greedy.ts", import.meta.url), { clock: 1_000_000_000_000n });
const judges = startJudges();

const ASKER = "02:00:00:00:00:01";
const OURS = "02:5a:00:00:00:09";
const GATEWAY = "02:bb:00:00:00:01";
const HOST = "fe80::7";
const NETWORKS = {
  7: { tunnel: vxlan, own: OWN4, host: "192.0.2.7", kind: "vxlan" },
  8: { tunnel: geneve, own: OWN6, host: "2001:db8:ff::8", kind: "geneve" },
} as const;
type Network = keyof typeof NETWORKS;
const VNIS = [7, 8] as const;
const PREFIXES = [
  { prefix: "2001:db8:7::/64" },
  { prefix: "2001:db8:8::/56", onLink: false, validLifetime: 7200, preferredLifetime: 3600 },
  { prefix: "fd00::/64", autonomous: false },
];

/** On interface 1 and on all others; not a router; routers with global addresses; in two networks. */
const ENTRANCES = [
  {
    address: "fe80::1",
    mac: OURS,
    interface: 1,
    router: { lifetime: 1800, mtu: 1450, other: true, prefixes: PREFIXES },
  },
  { address: "fe80::1", mac: GATEWAY, router: true },
  { address: "fe80::2", mac: OURS, interface: 1, router: { lifetime: 5 } },
  { address: "fe80::3", mac: OURS },
  { address: "2001:db8::1", mac: OURS, router: true },
  { vni: 7, address: "fe80::1", mac: GATEWAY, router: true },
  { vni: 7, address: "fd00::1", mac: GATEWAY, router: true },
  { vni: 8, address: "fe80::1", mac: GATEWAY, router: { lifetime: 0, managed: true, mtu: 1280 } },
];

beforeAll(() =>
  pair.tell(async ({ underlay }) => {
    await underlay.tunnels.set([OWN4, OWN6]);
    await underlay.entrances.set(ENTRANCES);
    const outer = { source: "02:aa:00:00:00:01", destination: "02:aa:00:00:00:02" };
    await underlay.endpoints.set(
      VNIS.map((vni) => {
        const { own: local, host: remote, kind } = NETWORKS[vni];
        return {
          vni,
          kind,
          local,
          remote,
          interface: vni,
          gatewayMac: GATEWAY,
          ...outer,
          mac: ASKER,
          address: "fd00::7",
        };
      }),
    );
  }),
);
// Each has its share of what may be told.
beforeEach(() => pair.both((running) => running.advance("10s")));

const ask = async (packet: Packet): Promise<Outcome> => ((await pair.run([packet])) as [Outcome])[0];
interface Question {
  readonly from?: string;
  readonly to?: string;
  readonly mac?: string;
  readonly message?: string;
  readonly hops?: number;
}
const LINK = `/ICMPv6NDOptSrcLLAddr(lladdr="${ASKER}")`;
const question = ({
  from = HOST,
  to = "ff02::2",
  mac = "33:33:00:00:00:02",
  message = `ICMPv6ND_RS()${LINK}`,
  hops = 255,
}: Question = {}): Promise<Packet> =>
  judges.built(`Ether(src="${ASKER}", dst="${mac}")/IPv6(src="${from}", dst="${to}", hlim=${hops})/${message}`);
const answer = (own: string, to: string, said: string, options: string, tags = ""): string =>
  `Ether(src="${own}", dst="${ASKER}")${tags}/IPv6(src="fe80::1", dst="${to}", hlim=255)/` +
  `ICMPv6ND_RA(chlim=64, prf=0, reachabletime=0, retranstimer=0, ${said})/ICMPv6NDOptSrcLLAddr(lladdr="${own}")${options}`;
const FOREVER = 0xffff_ffff;
const prefix = (of: string, length: number, on: number, make: number, valid = FOREVER, preferred = FOREVER): string =>
  `/ICMPv6NDOptPrefixInfo(prefix="${of}", prefixlen=${length}, L=${on}, A=${make}, R=0, validlifetime=${valid}, preferredlifetime=${preferred})`;
const OPTIONS = `/ICMPv6NDOptMTU(mtu=1450)${prefix("2001:db8:7::", 64, 1, 1)}${prefix("2001:db8:8::", 56, 0, 1, 7200, 3600)}${prefix("fd00::", 64, 1, 0)}`;
const SAID = "M=0, O=1, routerlifetime=1800";

async function expectAnswer(packet: Packet, expression: string): Promise<void> {
  const outcome = await ask(packet);
  expect(outcome).toHaveVerdict("transmit");
  expect(outcome).toEqualPacket(await judges.built(expression));
  expect(await judges.wireshark.faults([outcome.packet])).toEqual([]);
}

describe("outside overlays", () => {
  test("whoever asks is told all that the link's first router says, by unicast", async () => {
    await expectAnswer(await question(), answer(OURS, HOST, SAID, OPTIONS));
    // Of a host that knows the router.
    await expectAnswer(await question({ to: "fe80::1", mac: OURS }), answer(OURS, HOST, SAID, OPTIONS));
    await expectAnswer(await question({ message: "ICMPv6ND_RS()" }), answer(OURS, HOST, SAID, OPTIONS));
  });

  test("whoever has no address yet is told at the address of all, in a frame to it alone", async () => {
    const nameless = await question({ from: "::", message: "ICMPv6ND_RS()" });
    await expectAnswer(nameless, answer(OURS, "ff02::1", SAID, OPTIONS));
  });

  test("behind tags, longer than its question and shorter", async () => {
    const tags = "/Dot1Q(vlan=9)";
    await expectAnswer(vlan(9, await question()), answer(OURS, HOST, SAID, OPTIONS, tags));
    const nonce = `ICMPv6ND_RS()${LINK}/ICMPv6NDOptUnknown(type=14, len=5, data=b"x"*38)`;
    await expectAnswer(await question({ message: nonce }), answer(OURS, HOST, SAID, OPTIONS));
  });

  test("an interface without a router of its own has that of all", async () => {
    const [own, all] = ENTRANCES as [object, object];
    await pair.tell(({ underlay }) => underlay.entrances.set([all] as never));
    const SHORT = "M=0, O=0, routerlifetime=65535";
    await expectAnswer(await question(), answer(GATEWAY, HOST, SHORT, ""));
    await pair.tell(({ underlay }) => underlay.entrances.set([{ ...own, interface: 2 }] as never));
    expect(await ask(await question())).toHaveVerdict("pass");
    await pair.tell(({ underlay }) => underlay.entrances.set(ENTRANCES));
  });

  test.each<readonly [string, Question]>([
    ["come from another link", { hops: 254 }],
    ["of another code", { message: `ICMPv6ND_RS(code=1)${LINK}` }],
    ["with a wrong checksum", { message: `ICMPv6ND_RS(cksum=0x1234)${LINK}` }],
    ["from no address, with a link-layer address", { from: "::" }],
    ["with an option of no length", { message: 'ICMPv6ND_RS()/Raw(b"\\x01\\x00" + bytes(6))' }],
    ["with an option that is cut", { message: 'ICMPv6ND_RS()/Raw(b"\\x01\\x02" + bytes(6))' }],
    ["whose options do not fill their words", { message: 'ICMPv6ND_RS()/Raw(b"\\x01\\x01\\x02")' }],
    ["from a group", { from: "ff02::5" }],
    ["from the router's own address", { from: "fe80::1" }],
    ["to another's address", { to: "fe80::9" }],
    ["to a global address", { to: "2001:db8::1" }],
    ["in a frame to another", { mac: "02:5a:00:00:00:ff" }],
    ["telling a group's address", { message: 'ICMPv6ND_RS()/ICMPv6NDOptSrcLLAddr(lladdr="33:33:00:00:00:01")' }],
    ["longer than any", { message: `ICMPv6ND_RS()${LINK.repeat(7)}` }],
  ])("left to the host, as they were: those %s", async (_, given) => {
    const packet = await question(given);
    const outcome = await ask(packet);
    expect(outcome).toHaveVerdict("pass");
    expect(outcome).toEqualPacket(packet);
  });

  test("cut short anywhere", async () => {
    const { bytes } = await question();
    for (let length = 14; length < bytes.length; length++)
      expect((await ask(fromBytes(bytes.slice(0, length)))).verdict).not.toBe("transmit");
  });

  test("as many are answered as may be told of errors; the others are left, and later ones answered again", async () => {
    const packet = await question();
    const most = 50 * cpus().length;
    await pair.tell(async (running) => {
      const answered = async (): Promise<number> =>
        (await running.run(...Array<Packet>(most + 100).fill(packet))).filter(({ verdict }) => verdict === "transmit")
          .length;
      // A bucket of fifty for each CPU that runs them.
      const first = await answered();
      expect(first).toBeGreaterThanOrEqual(50);
      expect(first).toBeLessThanOrEqual(most);
      running.advance("1s");
      expect(await answered()).toBeGreaterThan(0);
    });
  });
});

describe.each(VNIS)("in network %i", (vni: Network) => {
  const { tunnel, own, host } = NETWORKS[vni];
  const said = vni === 7 ? "M=0, O=0, routerlifetime=65535" : "M=1, O=0, routerlifetime=0";
  const options = vni === 7 ? "" : "/ICMPv6NDOptMTU(mtu=1280)";

  test("the answer goes into the asker's tunnel", async () => {
    const inner = await question();
    const outcome = await ask(tunnel(inner, { from: host, to: own, vni }));
    expect(outcome).toHaveVerdict("redirect");
    const expected = await judges.built(answer(GATEWAY, HOST, said, options));
    expect(Buffer.from(outcome.packet.bytes).subarray(-expected.bytes.length).toString("hex")).toBe(
      Buffer.from(expected.bytes).toString("hex"),
    );
    expect(await judges.wireshark.faults([outcome.packet])).toEqual([]);
  });

  test("what is not to be answered is dropped by name", async () => {
    const outcome = await ask(tunnel(await question({ hops: 64 }), { from: host, to: own, vni }));
    expect(outcome).toMatchObject({ verdict: "drop", reason: "node: no such endpoint" });
  });
});

test.each<readonly [object, RegExp]>([
  [{ address: "2001:db8::1", router: {} }, /entrances\[0\]\.router: advertisements come from a link-local address/],
  [{ router: { lifetime: 65_536 } }, /entrances\[0\]\.router\.lifetime/],
  [{ router: { mtu: 1279 } }, /entrances\[0\]\.router\.mtu/],
  [{ router: { prefix: [] } }, /entrances\[0\]\.router: .*prefix/],
  [
    { router: { prefixes: [{ prefix: "10.0.0.0/8" }] } },
    /entrances\[0\]\.router\.prefixes\[0\]\.prefix: an IPv6 prefix/,
  ],
  [{ router: { prefixes: [{ prefix: "fd00::1/64" }] } }, /entrances\[0\]\.router\.prefixes\[0\]\.prefix/],
  [{ router: { prefixes: [{ prefix: "fe80::/64" }] } }, /entrances\[0\]\.router\.prefixes\[0\]\.prefix/],
  [
    { router: { prefixes: [{ prefix: "fd00::/64", validLifetime: 5 }] } },
    /entrances\[0\]\.router\.prefixes\[0\]\.preferredLifetime: it is longer/,
  ],
  [{ router: { prefixes: Array(4).fill({ prefix: "fd00::/64" }) } }, /entrances\[0\]\.router\.prefixes/],
  [{ router: "yes" }, /entrances\[0\]\.router/],
])("what is wrong is refused with its path: %j", async (given, message) => {
  await pair.tell(async ({ underlay }) => {
    const entrance = { address: "fe80::1", mac: OURS, ...given };
    await expect(underlay.entrances.set([entrance as never])).rejects.toThrow(message);
  });
  expect(await ask(await question())).toHaveVerdict("transmit");
});

test("of more than a thousand links it is too many", async () => {
  const many = Array.from({ length: 1025 }, (_, at) => ({ vni: at + 1, address: "fe80::1", mac: OURS, router: true }));
  await pair.tell(async ({ underlay }) => {
    await expect(underlay.entrances.set(many)).rejects.toThrow("entrances: 1025 link-local routers, 1024 at most");
    await underlay.entrances.set(many.slice(1));
    await underlay.entrances.set(ENTRANCES);
  });
});
