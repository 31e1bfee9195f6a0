/**
 * The Linux kernel's own VXLAN device as the other end: two hosts whose endpoints reach each other through a gateway in native
 * XDP alone, over an underlay of either family, with packets of either family inside.
 *
 *     left: 10.4.1.2, fd04:1::2 in network 4 over IPv4          right: 10.4.2.2, …
 *           10.6.1.2, fd06:1::2 in network 6 over IPv6   ── gateway ──
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import { type AnyTypedMap, attach, load, typedMap } from "../../runtime/index.ts";
import {
  type Built,
  buildLab,
  fetchMany,
  type Lab,
  type LabProcess,
  type LinkEnd,
  type Namespace,
  startWebServer,
} from "../../runtime/lab/index.ts";
import { outerHeader } from "../../runtime/overlay/outer-header.ts";
import { fromBytes, readCapture } from "../kit/index.ts";
import { startWireshark } from "../kit-tests/wireshark.ts";
import { tunnelAddresses } from "../overlay/underlay.ts";

const GATEWAY_MAC = "02:99:00:00:00:01";
/** The paths take less than the endpoints' interfaces would send. */
const MTU = 1400;

interface Side {
  readonly name: "left" | "right";
  readonly number: 1 | 2;
}
const SIDES: readonly Side[] = [
  { name: "left", number: 1 },
  { name: "right", number: 2 },
];
const FAMILIES = [4, 6] as const;
type Family = (typeof FAMILIES)[number];

const other = ({ number }: Side): 1 | 2 => (number === 1 ? 2 : 1);
/** Of the underlay, between a host and the gateway. */
const under = (family: Family, side: number, host: number): string =>
  family === 4 ? `192.0.${side}.${host}` : `2001:db8:${side}::${host}`;
/** Inside the network that runs over an underlay of `family`. */
const inside = (family: Family, version: Family, side: number, host = 2): string =>
  version === 4 ? `10.${family}.${side}.${host}` : `fd0${family}:${side}::${host}`;
const stationOf = (family: Family, side: number): string => `02:0${family}:00:00:00:0${side}`;

interface Host {
  readonly namespace: Namespace;
  readonly end: LinkEnd;
  /** The gateway's end of the cable, and its number. */
  readonly near: LinkEnd;
  readonly index: number;
}

/** An endpoint on a VXLAN device of the kernel's, with the gateway for its router. */
async function addEndpoint({ namespace }: Host, side: Side, family: Family): Promise<void> {
  const device = `vx${family}`;
  const way = `local ${under(family, side.number, 2)} remote ${under(family, side.number, 1)}`;
  const away = [4, 6].map((version) => inside(family, version as Family, other(side), 0).replace(/::0$/, "::"));
  await namespace.ip(
    `link add ${device} address ${stationOf(family, side.number)} mtu 1500 type vxlan id ${family} ${way} dstport 4789 nolearning`,
    `link set ${device} up`,
    `address add ${inside(family, 4, side.number)}/24 dev ${device}`,
    `address add ${inside(family, 6, side.number)}/64 dev ${device} nodad`,
    `neighbour replace ${inside(family, 4, side.number, 1)} lladdr ${GATEWAY_MAC} dev ${device} nud permanent`,
    `neighbour replace ${inside(family, 6, side.number, 1)} lladdr ${GATEWAY_MAC} dev ${device} nud permanent`,
    `route add ${away[0]}/24 via ${inside(family, 4, side.number, 1)} dev ${device}`,
    `route add ${away[1]}/64 via ${inside(family, 6, side.number, 1)} dev ${device}`,
  );
  await namespace.run("ethtool", ["-K", device, "tx", "off", "tso", "off", "gso", "off", "gro", "off"]);
}

async function addHost(lab: Lab, gateway: Namespace, side: Side): Promise<Host> {
  const namespace = await lab.namespace(side.name);
  const addresses = (host: number) => [`${under(4, side.number, host)}/24`, `${under(6, side.number, host)}/64`];
  const { ends } = await lab.connect(
    { namespace, interface: "net", addresses: addresses(2), passXdp: true },
    { namespace: gateway, interface: side.name, addresses: addresses(1) },
    { mtu: 1700, staticNeighbours: true },
  );
  const [end, near] = ends;
  const { stdout } = await gateway.run("ip", ["-json", "link", "show", "dev", side.name]);
  const [{ ifindex }] = JSON.parse(stdout) as [{ ifindex: number }];
  const host = { namespace, end, near, index: ifindex };
  for (const family of FAMILIES) await addEndpoint(host, side, family);
  return host;
}

interface Overlay {
  readonly gateway: Namespace;
  readonly left: Host;
  readonly right: Host;
}

let network: Built<Overlay>;
/** Everything that comes to a host and goes from it. */
const captures: { readonly file: string; readonly process: LabProcess }[] = [];

async function capture(lab: Lab, { namespace }: Host): Promise<void> {
  const file = join(lab.folder, `${namespace.name}.pcapng`);
  const ready = { prints: /Capturing on/ };
  captures.push({ file, process: await namespace.start("tshark", ["-q", "-i", "net", "-w", file], { ready }) });
}
let counts: () => Record<string, bigint>;
const open = new AsyncDisposableStack();

beforeAll(async () => {
  network = await buildLab(async (lab) => {
    const gateway = await lab.namespace("gateway");
    const [left, right] = [
      await addHost(lab, gateway, SIDES[0] as Side),
      await addHost(lab, gateway, SIDES[1] as Side),
    ];
    for (const host of [left, right]) await capture(lab, host);
    await startWebServer(lab, right.namespace, { body: "x".repeat(3500) });
    return { gateway, left, right };
  });
  open.use(network);
  const compiled = await compile(new URL("../overlay/programs/gateway.ts", import.meta.url).pathname);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const loaded = open.use(await load(compiled.code.object));
  const map = (name: string) => {
    const described = compiled.manifest.maps.find((one) => one.name === name);
    if (described === undefined) throw new Error(`no map '${name}'`);
    return typedMap(loaded.map(name), described) as AnyTypedMap & {
      set(key: unknown, value: unknown): void;
      get(key: unknown): unknown;
    };
  };
  map("zeta_node_tunnels").set(
    0,
    tunnelAddresses(
      SIDES.map(({ number }) => under(4, number, 1)),
      SIDES.map(({ number }) => under(6, number, 1)),
    ),
  );
  map("own").set(0, { four: inside(4, 4, 1, 254), six: inside(4, 6, 1, 254) });
  let next = 0;
  for (const side of SIDES) {
    const { end, near, index } = network[side.name];
    for (const family of FAMILIES) {
      const ends = {
        kind: "vxlan",
        local: under(family, side.number, 1),
        remote: under(family, side.number, 2),
        vni: family,
        outer: { source: near.mac, destination: end.mac },
        inner: { source: GATEWAY_MAC, destination: stationOf(family, side.number) },
      } as const;
      const { family: outerFamily, sum, outer } = outerHeader(ends);
      map("hops").set(next, { interface: index, mtu: MTU, sum, family: outerFamily, outer });
      for (const version of FAMILIES) {
        const key = { address: inside(family, version, side.number), vni: family, spare: 0 };
        map("endpoints").set(key, { hop: next });
      }
      next += 1;
    }
    open.use(await attach(loaded.program("gateway"), { interface: side.name, namespace: network.gateway.path }));
  }
  counts = () => {
    const names = ["forwarded", "answered", "dropped", "fault", "plain"];
    return Object.fromEntries(
      names.map((name, i) => {
        const shares = map("counts").get(i) as readonly { count: bigint }[];
        return [name, shares.reduce((sum, { count }) => sum + count, 0n)];
      }),
    );
  };
});
afterAll(() => open.disposeAsync());

const cases = FAMILIES.flatMap((family) => FAMILIES.map((version) => ({ family, version })));

describe.each(cases)("IPv$version inside, IPv$family outside", ({ family, version }) => {
  const far = inside(family, version, 2);
  const ping = (...more: string[]) =>
    network.left.namespace.run("ping", ["-n", "-c", "5", "-i", "0.01", "-W", "2", ...more, far], { accept: [1] });

  test("echoes come back, small and of the greatest length", async () => {
    const before = counts();
    for (const size of ["0", "1", "56", `${MTU - (version === 4 ? 28 : 48)}`])
      expect((await ping("-s", size)).stdout).toContain(" 0% packet loss");
    const after = counts();
    expect(after.forwarded).toBeGreaterThanOrEqual((before.forwarded ?? 0n) + 40n);
    expect(after.fault).toBe(before.fault);
  });

  test("a time to live that is up is answered by the gateway", async () => {
    const { stdout } = await ping("-t", "1");
    // The gateway has one address for each version; it is in the first network.
    expect(stdout).toMatch(
      version === 4 ? /From 10\.4\.1\.254 .*Time to live exceeded/ : /From fd04:1::254 .*Hop limit/,
    );
  });

  test("what is too long for the far host is answered with what fits", async () => {
    const overhead = version === 4 ? 28 : 48;
    const { stdout, stderr } = await ping("-M", "do", "-s", `${MTU + 1 - overhead}`);
    expect(`${stdout}${stderr}`).toMatch(/mtu ?= ?1400/);
    const { stdout: cached } = await network.left.namespace.run("ip", ["route", "get", far]);
    expect(cached).toContain("mtu 1400");
  });

  test("real connections, with segments longer than the path takes", async () => {
    const host = version === 4 ? far : `[${far}]`;
    const { succeeded, failures } = await fetchMany(network.left.namespace, `http://${host}/`, { count: 50 });
    expect(failures).toEqual(new Map());
    expect(succeeded).toBe(50);
  });
});

test("Wireshark finds nothing malformed and no bad checksum in all that the gateway sent", async () => {
  const gateways = new Set([network.left.near.mac, network.right.near.mac]);
  const wireshark = await startWireshark();
  try {
    for (const { file, process } of captures) {
      await process.dispose();
      const all = readCapture(await readFile(file)).packets.map(({ bytes }) => fromBytes(bytes));
      const sent = all.filter((packet) => gateways.has(packet.layer("ethernet").source));
      expect(sent.filter(({ layers }) => layers.some(({ kind }) => kind === "vxlan")).length).toBeGreaterThan(400);
      expect(await wireshark.faults(sent)).toEqual([]);
    }
  } finally {
    await wireshark.close();
  }
});
