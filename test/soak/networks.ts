/**
 * Two tenants with three networks each, all six with the same addresses: in each a client and a server, and between them one
 * service of the catalogue.
 *
 *     client 10.0.0.7, fd00::7 ── service (10.1.0.1, fd01::1 of a balancer) ── server 10.2.0.1, fd02::1
 */
import { fileURLToPath } from "node:url";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { createCompiler } from "../../compiler/index.ts";
import type { Config } from "../../runtime/config/live.ts";
import type { Tenant } from "../../runtime/lab/cluster/tenants.ts";
import type { ReadyService } from "../../runtime/lab/standing/up.ts";

export const SERVICES = ["secure-balancer", "nat44", "stateful-firewall"] as const;
export type ServiceName = (typeof SERVICES)[number];
export const FAMILIES = ["IPv4", "IPv6"] as const;
export type FamilyName = (typeof FAMILIES)[number];

export const CLIENT = { IPv4: "10.0.0.7", IPv6: "fd00::7" } as const;
export const SERVER = { IPv4: "10.2.0.1", IPv6: "fd02::1" } as const;
const LISTENER = { IPv4: "10.1.0.1", IPv6: "fd01::1" } as const;

export interface Network {
  readonly vni: number;
  readonly tenant: string;
  readonly service: ServiceName;
  readonly client: string;
  readonly server: string;
}

export const NETWORKS: readonly Network[] = ["a", "b"].flatMap((tenant, index) =>
  SERVICES.map((service, place) => {
    const vni = 100 * (index + 1) + place;
    return { vni, tenant, service, client: `client${vni}`, server: `server${vni}` };
  }),
);

export const TENANTS: readonly Tenant[] = NETWORKS.map(({ vni, client, server }) => ({
  vni,
  router: "10.0.0.1",
  ipv6Router: "fd00::1",
  hosts: [
    { name: client, address: CLIENT.IPv4, ipv6: CLIENT.IPv6 },
    { name: server, address: SERVER.IPv4, ipv6: SERVER.IPv6 },
  ],
}));

/** Where servers listen; a second port of some is a balancer's second backend. */
export const PORTS = {
  /** HTTP by TCP, and whom it sees by UDP. */
  web: [80, 81],
  ssh: [22, 23],
  /** iperf3 has time for one client at once: one for each family. */
  streams: { IPv4: 5201, IPv6: 5202 },
} as const;

export const bracketed = (address: string): string => (address.includes(":") ? `[${address}]` : address);

/** Whom a client asks for the server. */
export const askedFor = (service: ServiceName, family: FamilyName): string =>
  service === "secure-balancer" ? LISTENER[family] : SERVER[family];
/** At which port it has iperf3. */
export const streamPort = (service: ServiceName, family: FamilyName): number =>
  PORTS.streams[service === "secure-balancer" ? "IPv4" : family];

/** What comes before a balancer: nobody is refused, each client shows first that it is there, and no more is sent than it allows. */
const BEFORE: Config = {
  acl: {
    rules: { "0.0.0.0/0": { from: 1, to: 65_535 }, "::/0": { from: 1, to: 65_535 } },
    perSecond: 1_000_000_000,
    burst: 1_000_000_000,
  },
  "syn-defence": { key: "00112233445566778899aabbccddeeff" },
  "rate-limiter": { perSource: { perSecond: 1_000_000_000, burst: 1_000_000_000 }, perTenant: [] },
};

/** Three balancers for each family, since a backend has one port. */
const balancersOf = ({ vni }: Network): readonly Omit<ReadyService, "what">[] =>
  FAMILIES.flatMap((family) => {
    const doors = {
      web: { listen: ["80/tcp", "80/udp"], ports: PORTS.web },
      ssh: { listen: ["22/tcp"], ports: PORTS.ssh },
      streams: { listen: ["5201/tcp", "5201/udp"], ports: [PORTS.streams[family]] },
    };
    return Object.entries(doors).map(([name, { listen, ports }]) => ({
      name: `${name}-${family}-${vni}`,
      vni,
      config: {
        service: { listen: listen.map((door) => `${bracketed(LISTENER[family])}:${door}`) },
        ...BEFORE,
        balancer: { backends: ports.map((port) => `${bracketed(SERVER[family])}:${port}`) },
      },
    }));
  });

const CONFIGS: Readonly<Record<Exclude<ServiceName, "secure-balancer">, Config>> = {
  nat44: { nat44: { inside: { "10.0.0.0/24": 1 }, external: { addresses: ["203.0.113.8/30"] } } },
  "stateful-firewall": { firewall: { inside: { "10.0.0.0/24": 1, "fd00::/64": 1 }, open: {} } },
};

/** The services of all networks, compiled. @throws ZetaError */
export async function readyServices(): Promise<readonly ReadyService[]> {
  const compiler = createCompiler();
  const compiled = new Map<ServiceName, ReadyService["what"]>();
  for (const name of SERVICES) {
    const result = await compiler.compile(fileURLToPath(new URL(`../../examples/${name}/service.ts`, import.meta.url)));
    if (!result.ok) throw new ZetaError(result.problems);
    compiled.set(name, { object: result.code.object, manifest: result.manifest });
  }
  return NETWORKS.flatMap((network) => {
    const { service, vni } = network;
    const what = compiled.get(service) as ReadyService["what"];
    if (service === "secure-balancer") return balancersOf(network).map((one) => ({ ...one, what }));
    return [{ what, name: `${service}-${vni}`, vni, config: CONFIGS[service] }];
  });
}
