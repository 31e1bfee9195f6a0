/** Port pools in config: external addresses with their ports, and static forwards. */
import { z } from "zod";
import { formatAddress, isMapped } from "../../sdk/layout/address.ts";
import type { ConfigField } from "./fields.ts";
import { duplicates, limit, recordOf, report } from "./findings.ts";
import {
  endpointText,
  type ParsedEndpoint,
  PROTOCOLS,
  type Read,
  readEndpoint,
  readPrefix,
  readService,
} from "./text.ts";
import { textOf } from "./values.ts";

export interface PoolAddress {
  readonly address: bigint;
  readonly first: number;
  readonly last: number;
}
export interface PoolForward {
  readonly external: ParsedEndpoint;
  readonly inside: ParsedEndpoint;
  readonly protocol: number;
}
export interface PoolContent {
  /** IPv4 before IPv6, each as written. */
  readonly addresses: readonly PoolAddress[];
  readonly forwards: readonly PoolForward[];
}

/** Ports below are well known, and not for clients (RFC 6056 section 3.2). */
const FIRST_PORT = 1024;
const LAST_PORT = 65_535;

interface Block {
  readonly base: bigint;
  /** How many addresses, from the base. */
  readonly count: bigint;
}

/** Groups and addresses that no host of an outside network has (RFC 1122 section 3.2.1.3, RFC 4291 section 2.4). */
function isUnicast(address: bigint): boolean {
  if (!isMapped(address)) return address > 1n && address >> 120n !== 0xffn;
  const top = Number((address >> 24n) & 0xffn);
  return top !== 0 && top !== 127 && top < 224;
}

/** One address, or all of a prefix. */
function readBlock(text: string): Read<Block> {
  const prefix = readPrefix(text);
  if (!prefix.ok) return prefix;
  const { length, v4, address } = prefix.value;
  const base = v4 === null ? address : (0xffffn << 32n) | BigInt(v4);
  const count = 1n << BigInt(128 - length);
  if (!isUnicast(base) || !isUnicast(base + count - 1n))
    return { ok: false, reason: `'${text}' is not a unicast address` };
  return { ok: true, value: { base, count } };
}

function readPorts(text: string): Read<{ readonly first: number; readonly last: number }> {
  const [, low, high] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  if (low === undefined) return { ok: false, reason: `'${text}' is not a range of ports, such as "1024-65535"` };
  const [first, last] = [Number(low), Number(high)];
  if (first < 1 || last > LAST_PORT) return { ok: false, reason: "ports are 1 to 65535" };
  return first <= last
    ? { ok: true, value: { first, last } }
    : { ok: false, reason: `'${text}' ends before it begins` };
}

const ALL_PORTS = `${FIRST_PORT}-${LAST_PORT}`;
const ports = textOf(readPorts);
const entry = z.union(
  [
    textOf(readBlock).transform((block) => ({ ...block, first: FIRST_PORT, last: LAST_PORT })),
    z
      .strictObject({ address: textOf(readBlock), ports: ports.prefault(ALL_PORTS) })
      .transform((given) => ({ ...given.address, ...given.ports })),
  ],
  { error: 'an address such as "203.0.113.7" was expected, a prefix, or { "address": …, "ports": "1024-65535" }' },
);

type Entry = z.output<typeof entry>;

function expand(given: readonly Entry[], max: number, path: readonly PropertyKey[], context: z.RefinementCtx) {
  const count = given.reduce((sum, block) => sum + block.count, 0n);
  if (count > BigInt(max)) {
    limit(context, count, max, path);
    return [];
  }
  const isNew = duplicates(context);
  const all = given.flatMap(({ base, count: size, first, last }, index) =>
    Array.from({ length: Number(size) }, (_, offset): PoolAddress => {
      const address = base + BigInt(offset);
      isNew(String(address), [...path, index]);
      return { address, first, last };
    }),
  );
  return [...all.filter(({ address }) => isMapped(address)), ...all.filter(({ address }) => !isMapped(address))];
}

/** What is wrong with one forward; null: nothing. */
function misplaced(external: ParsedEndpoint, protocol: number, inside: ParsedEndpoint): string | null {
  if (protocol !== PROTOCOLS.tcp && protocol !== PROTOCOLS.udp) return "only /tcp and /udp have ports to forward";
  if (external.port === 0 || inside.port === 0) return "a forward names one port at either end";
  // An IPv6 host may have an IPv4 address outside (NAT64); nobody gives an IPv4 host an IPv6 one.
  return isMapped(inside.address) && !isMapped(external.address) ? "an IPv6 address leads to no IPv4 host" : null;
}

function readForwards(
  given: readonly (readonly [string, ParsedEndpoint])[],
  addresses: readonly PoolAddress[],
  max: number,
  context: z.RefinementCtx,
): PoolForward[] {
  limit(context, given.length, max, ["forwards"]);
  const isNew = duplicates(context);
  const ranges = new Map(addresses.map((one) => [one.address, one]));
  return given.flatMap(([text, inside]): PoolForward[] => {
    const at = ["forwards", text];
    const read = readService(text);
    const wrong = read.ok ? misplaced(read.value, read.value.protocol, inside) : read.reason;
    if (!read.ok || wrong !== null) {
      report(context, at, wrong ?? "");
      return [];
    }
    const { protocol, ...external } = read.value;
    if (!ranges.has(external.address)) {
      const missing = formatAddress(external.address);
      report(context, at, "dangling", { dangling: { missing, among: "the pool's addresses" } });
    }
    // Or a flow that has the same port by chance would get what is the forward's, and the other way round.
    const range = ranges.get(external.address);
    if (range !== undefined && external.port >= range.first && external.port <= range.last)
      report(context, at, `port ${external.port} is one that the pool gives: leave it out of the address's "ports"`);
    isNew(`${external.address} ${external.port} ${protocol}`, at);
    return [{ external, inside, protocol }];
  });
}

/** A list of addresses, or `{ addresses, forwards }`. */
export function portPoolType({ max, size }: ConfigField): z.ZodType<PoolContent> {
  const list = z.array(entry, { error: "a list of external addresses was expected" });
  const forwards = recordOf(
    textOf(readEndpoint),
    'an object was expected, such as { "203.0.113.7:80/tcp": "10.0.0.5:8080" }',
  );
  const plain = list.transform((given, context) => ({ addresses: expand(given, max, [], context), forwards: [] }));
  const whole = z.strictObject({ addresses: list, forwards: forwards.prefault({}) }).transform((given, context) => {
    const addresses = expand(given.addresses, max, ["addresses"], context);
    return { addresses, forwards: readForwards(given.forwards, addresses, size, context) };
  });
  return z.union([plain, whole], { error: "a list of external addresses was expected, or { addresses, forwards }" });
}

const PROTOCOL_NAMES = new Map(Object.entries(PROTOCOLS).map(([name, number]) => [number, name]));

/** As `set` takes it. */
export function presentPool({ addresses, forwards }: PoolContent): unknown {
  const list = addresses.map(({ address, first, last }) => {
    const text = formatAddress(address);
    return first === FIRST_PORT && last === LAST_PORT ? text : { address: text, ports: `${first}-${last}` };
  });
  if (forwards.length === 0) return list;
  const byExternal = forwards.map(({ external, inside, protocol }) => [
    `${endpointText(external.address, external.port)}/${PROTOCOL_NAMES.get(protocol)}`,
    endpointText(inside.address, inside.port),
  ]);
  return { addresses: list, forwards: Object.fromEntries(byExternal) };
}
