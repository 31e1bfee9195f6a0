/** Text forms of what config speaks of: "10.0.0.0/8", "10.0.0.1:80", "[2001:db8::1]:80", "10.1.0.1:80/tcp". */
import { formatAddress, isMapped, parseAddress, parseIpv4, parseIpv6 } from "../../sdk/layout/address.ts";

/** Either what was read, or why it could not be. */
export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

const good = <T>(value: T): Read<T> => ({ ok: true, value });
const bad = (reason: string): { readonly ok: false; readonly reason: string } => ({ ok: false, reason });

export interface ParsedPrefix {
  /** Of the 128-bit form: 96 more than written for IPv4. */
  readonly length: number;
  /** An IPv4 address, or null. */
  readonly v4: number | null;
  /** The 128-bit form of an IPv6 address; 0 for IPv4, whose number says it. */
  readonly address: bigint;
}

/** A prefix of either family; a bare address means all of its bits. */
export function readPrefix(text: string): Read<ParsedPrefix> {
  const slash = text.indexOf("/");
  const host = slash < 0 ? text : text.slice(0, slash);
  const v4 = parseIpv4(host);
  const address = v4 === null ? parseIpv6(host) : 0n;
  if (address === null) return bad(`'${host}' is not an IPv4 or IPv6 address`);
  const width = v4 === null ? 128 : 32;
  const written = slash < 0 ? width : /^\d{1,3}$/.test(text.slice(slash + 1)) ? Number(text.slice(slash + 1)) : -1;
  if (written < 0 || written > width)
    return bad(`'${text.slice(slash)}' is not a prefix length: 0 to ${width} were expected`);
  const rest = width - written;
  const stray = v4 === null ? (address & ((1n << BigInt(rest)) - 1n)) !== 0n : v4 % 2 ** rest !== 0;
  if (stray) return bad(`its address has bits set beyond /${written}`);
  // An IPv4 prefix in IPv6 notation is the same prefix.
  if (v4 === null && isMapped(address) && written >= 96)
    return good({ length: written, v4: Number(address & 0xffff_ffffn), address: 0n });
  return good({ length: written + 128 - width, v4, address });
}

export interface ParsedEndpoint {
  readonly address: bigint;
  readonly port: number;
}

const ENDPOINT = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/;

/** An address with a port. IPv6 stands in brackets (RFC 3986 section 3.2.2). */
export function readEndpoint(text: string): Read<ParsedEndpoint> {
  const [, v6, v4, port] = ENDPOINT.exec(text) ?? [];
  const host = v6 ?? v4;
  if (host === undefined)
    return bad(`'${text}' is not an address with a port, such as "10.0.0.1:80" or "[2001:db8::1]:80"`);
  const address = parseAddress(host);
  if (address === null || (v6 === undefined && parseIpv4(host) === null)) return bad(`'${host}' is not an address`);
  if (Number(port) > 65_535) return bad(`${port} is not a port`);
  return good({ address, port: Number(port) });
}

/** The way back. */
export function endpointText(address: bigint, port: number | string): string {
  const text = formatAddress(address);
  return text.includes(":") ? `[${text}]:${port}` : `${text}:${port}`;
}

export const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 };

/** The greatest number of an overlay network (24 bits). */
const MOST_NETWORKS = 2 ** 24 - 1;

export interface ParsedService extends ParsedEndpoint {
  readonly protocol: number;
}
export interface ParsedListener extends ParsedService {
  readonly vni: number;
}

/** "10.1.0.1:80/tcp"; without a port, or with "*", all ports of the address and protocol. */
export function readService(text: string): Read<ParsedService> {
  const slash = text.lastIndexOf("/");
  const protocol = PROTOCOLS[text.slice(slash + 1)];
  if (slash < 0 || protocol === undefined)
    return bad(`'${text}' does not end in a protocol: /${Object.keys(PROTOCOLS).join(", /")}`);
  const place = text.slice(0, slash);
  const bare = parseAddress(place.replace(/^\[(.*)\]$/, "$1"));
  if (bare !== null) return good({ address: bare, port: 0, protocol });
  const endpoint = readEndpoint(place.replace(/:\*$/, ":0"));
  return endpoint.ok ? good({ ...endpoint.value, protocol }) : endpoint;
}

/** The same, with "@7" at the end in the overlay network of that number. */
export function readListener(text: string): Read<ParsedListener> {
  const at = text.lastIndexOf("@");
  const network = at < 0 ? "0" : text.slice(at + 1);
  if (!/^\d{1,8}$/.test(network) || Number(network) > MOST_NETWORKS)
    return bad(`'${network}' is not the number of a network: 0 to ${MOST_NETWORKS}`);
  const service = readService(at < 0 ? text : text.slice(0, at));
  return service.ok ? good({ ...service.value, vni: Number(network) }) : service;
}
