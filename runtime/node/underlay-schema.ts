/** What a node is told of the networks that it stands in, as it is given: checked, with paths that name what is wrong. */
import { z } from "zod";
import { parseAddress, parseIpv4, parseMac } from "../../sdk/layout/address.ts";
import { readPrefix } from "../config/text.ts";
import { failure } from "../loader/problems.ts";
import { badUnderlay } from "./problems.ts";
import {
  type CheckedEntrance,
  type Entrance,
  isLinkLocal,
  type LocalEndpoint,
  type NodeAddress,
  type RemoteEndpoint,
} from "./underlay.ts";

const MOST_VNI = 0xff_ffff;
/** Every IPv6 link takes this much (RFC 8200 section 5), tunnels' headers not counted. */
const LEAST_MTU = 576;
const MOST_MTU = 65_535;
const GROUP = 1n << 40n;
/** Of each family, as the data plane has room for them (bpf-lib/overlay/tunnels.ts). */
const MOST_TUNNELS = 4;

const isAddress = (text: string): boolean => parseAddress(text) !== null;
const isStation = (text: string): boolean => {
  const value = parseMac(text);
  return value !== null && value !== 0n && (value & GROUP) === 0n;
};

const address = z.string().refine(isAddress, { error: 'an address such as "10.0.0.1" or "2001:db8::1" was expected' });
const station = z
  .string()
  .refine(isStation, { error: 'a MAC address of one station was expected, "02:00:00:00:00:01"' });
const vni = z.int().min(1).max(MOST_VNI);
const interfaceNumber = z.int().min(1).max(0x7fff_ffff);

const remote = z
  .strictObject({
    vni,
    address,
    kind: z.enum(["vxlan", "geneve"]),
    local: address,
    remote: address,
    mac: station,
    gatewayMac: station,
    interface: interfaceNumber,
    source: station,
    destination: station,
    mtu: z.int().min(LEAST_MTU).max(MOST_MTU).default(1500),
  })
  .refine(({ local, remote }) => (parseIpv4(local) === null) === (parseIpv4(remote) === null), {
    error: "its family is not that of 'local'",
    path: ["remote"],
  });
const local = z.strictObject({
  vni: z.int().min(0).max(MOST_VNI).default(0),
  address,
  kind: z.literal("station"),
  interface: interfaceNumber,
  source: station,
  destination: station,
});
const endpoint = z.discriminatedUnion("kind", [remote, local]);
const FOREVER = 0xffff_ffff;
const seconds = (most: number) => z.int().min(0).max(most);
const isPrefix6 = (text: string): boolean => {
  const read = readPrefix(text);
  return text.includes("/") && read.ok && read.value.v4 === null && !isLinkLocal(text.split("/")[0] ?? "");
};
const prefix = z
  .strictObject({
    prefix: z.string().refine(isPrefix6, { error: 'an IPv6 prefix such as "2001:db8:7::/64" was expected' }),
    onLink: z.boolean().default(true),
    autonomous: z.boolean().default(true),
    validLifetime: seconds(FOREVER).default(FOREVER),
    preferredLifetime: seconds(FOREVER).default(FOREVER),
  })
  .refine(({ validLifetime, preferredLifetime }) => preferredLifetime <= validLifetime, {
    error: "it is longer than 'validLifetime'",
    path: ["preferredLifetime"],
  });
/** RFC 8319 section 4; RFC 8200 section 5. */
const MOST_LIFETIME = 65_535;
const LEAST_MTU6 = 1280;
const MOST_PREFIXES = 3;
const advertisement = z.strictObject({
  lifetime: seconds(MOST_LIFETIME).default(MOST_LIFETIME),
  mtu: z.int().min(LEAST_MTU6).max(MOST_MTU).optional(),
  managed: z.boolean().default(false),
  other: z.boolean().default(false),
  prefixes: z.array(prefix).max(MOST_PREFIXES).default([]),
});
const MOST_ENTRANCES = 4096;
/** Links and networks whose router solicitations are answered (bpf-lib/neighbour/routers.ts). */
const MOST_ROUTERS = 1024;
const entrance = z
  .strictObject({
    vni: z.int().min(0).max(MOST_VNI).default(0),
    address,
    interface: z.int().min(0).max(0x7fff_ffff).default(0),
    mac: station,
    router: z.union([z.boolean(), advertisement]).default(false),
  })
  .refine((each) => typeof each.router === "boolean" || isLinkLocal(each.address), {
    error: "advertisements come from a link-local address, of fe80::/10",
    path: ["router"],
  })
  .refine((each) => each.vni === 0 || each.interface === 0, {
    error: "in a network, questions come by whichever interface its tunnels do",
    path: ["interface"],
  });
const checkedEntrance = ({ router, ...each }: z.output<typeof entrance>): CheckedEntrance => ({
  ...each,
  router: typeof router === "boolean" ? (router ? advertisement.parse({}) : null) : router,
});
const own = z.strictObject({ vni: z.int().min(0).max(MOST_VNI).default(0), address });

/** Refuses an entry whose key another has already. */
const distinct = <T extends z.ZodType>(one: T, keyOf: (entry: z.output<T>) => string) =>
  z.array(one).superRefine((entries, context) => {
    const seen = new Map<string, number>();
    for (const [index, entry] of entries.entries()) {
      const key = keyOf(entry);
      const first = seen.get(key);
      if (first === undefined) seen.set(key, index);
      else context.addIssue({ code: "custom", path: [index], message: `the same as [${first}]` });
    }
  });
const value = (text: string): string => String(parseAddress(text));
const family = (text: string): 4 | 6 => (parseIpv4(text) === null ? 6 : 4);

const tunnels = distinct(address, value).superRefine((all, context) => {
  for (const version of [4, 6] as const) {
    const count = all.filter((one) => family(one) === version).length;
    if (count > MOST_TUNNELS)
      context.addIssue({ code: "custom", message: `${count} addresses of IPv${version}, ${MOST_TUNNELS} at most` });
  }
});
const endpoints = distinct(endpoint, (each) => `${each.vni} ${value(each.address)}`);
const entrances = distinct(entrance, (each) => `${each.vni} ${each.interface} ${value(each.address)}`).superRefine(
  (all, context) => {
    if (all.length > MOST_ENTRANCES)
      context.addIssue({ code: "custom", message: `${all.length} of them, ${MOST_ENTRANCES} at most` });
    const routers = all.filter(({ router, address }) => router !== false && isLinkLocal(address)).length;
    if (routers > MOST_ROUTERS)
      context.addIssue({ code: "custom", message: `${routers} link-local routers, ${MOST_ROUTERS} at most` });
  },
);
const addresses = distinct(own, (each) => `${each.vni} ${family(each.address)}`);

const networks = z.strictObject({
  tunnels: tunnels.optional(),
  endpoints: endpoints.optional(),
  entrances: entrances.optional(),
  addresses: addresses.optional(),
});

type Issue = z.core.$ZodIssue;

const pathText = (name: string, path: readonly PropertyKey[]): string =>
  path
    .reduce<string>((text, part) => (typeof part === "number" ? `${text}[${part}]` : `${text}.${String(part)}`), name)
    .replace(/^\./, "");

/** Of several forms that something may have, what is wrong by the last. */
function particular(issue: Issue): Issue {
  const inner = issue.code === "invalid_union" ? issue.errors.at(-1)?.[0] : undefined;
  return inner === undefined ? issue : particular({ ...inner, path: [...issue.path, ...inner.path] });
}

function check<T>(name: string, type: z.ZodType<T>, given: unknown): T {
  const result = type.safeParse(given);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const { path = [], message = "" } = first === undefined ? {} : particular(first);
  throw failure(badUnderlay(null, pathText(name, path) || "(whole)", message));
}

/** @throws ZetaError: ZT8201, from each of them. */
export const checked = {
  tunnels: (given: readonly string[]): readonly string[] => check("tunnels", tunnels, given),
  endpoints: (
    given: readonly (RemoteEndpoint | LocalEndpoint)[],
  ): readonly (Required<RemoteEndpoint> | Required<LocalEndpoint>)[] => check("endpoints", endpoints, given),
  entrances: (given: readonly Entrance[]): readonly CheckedEntrance[] =>
    check("entrances", entrances, given).map(checkedEntrance),
  addresses: (given: readonly NodeAddress[]): readonly Required<NodeAddress>[] => check("addresses", addresses, given),
  /** All of them as one document, parts of which may be left out. */
  networks: (given: unknown) => check("", networks, given),
};
