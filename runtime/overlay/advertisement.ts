/**
 * Router advertisements (RFC 4861 section 4.2), made once for a router: the data plane sends them as they are
 * (bpf-lib/neighbour/router.ts), but for the destination and what that adds to the checksum.
 */
import { parseIpv6, parseMac } from "../../sdk/layout/address.ts";

/** What hosts are told that ask for a router. */
export interface RouterAdvertisement {
  /**
   * Seconds for which hosts may send by this router, 0 to 65 535; 0: it is no default router. 65 535 unless told: nothing is said
   * again before somebody asks again (RFC 8319).
   */
  readonly lifetime?: number;
  /** The longest IP packet that the link takes, 1280 to 65 535 bytes; not told unless given. */
  readonly mtu?: number | undefined;
  /** Whether hosts ask DHCPv6 for addresses, and for all else; false unless told. */
  readonly managed?: boolean;
  readonly other?: boolean;
  /** At most three. */
  readonly prefixes?: readonly AdvertisedPrefix[];
}

export interface AdvertisedPrefix {
  /** "2001:db8:7::/64". */
  readonly prefix: string;
  /** Whether its addresses are on the link, and whether hosts make themselves some of it (RFC 4862); true unless told. */
  readonly onLink?: boolean;
  readonly autonomous?: boolean;
  /** Seconds to 2^32 − 1, which is for ever, as they are unless told. */
  readonly validLifetime?: number;
  readonly preferredLifetime?: number;
}

export type ToldAdvertisement = Required<Omit<RouterAdvertisement, "mtu" | "prefixes">> & {
  readonly mtu?: number | undefined;
  readonly prefixes: readonly Required<AdvertisedPrefix>[];
};

/** What a router's record in the data plane takes. */
export interface SaidByRouter {
  readonly words: readonly bigint[];
  readonly units: number;
  readonly sum: number;
}

const TYPE = 134;
const HOP_LIMIT = 64;
const [MANAGED, OTHER] = [0x80, 0x40];
const [ON_LINK, AUTONOMOUS] = [0x80, 0x40];
const ICMPV6 = 58;
const UNIT = 8;

const bytes = (value: bigint, size: number): Buffer => Buffer.from(value.toString(16).padStart(size * 2, "0"), "hex");

function head({ lifetime, managed, other }: ToldAdvertisement): Buffer {
  // Reachable time and retransmission timer are left to hosts: zero.
  const message = Buffer.alloc(16);
  message.writeUInt8(TYPE, 0);
  message.writeUInt8(HOP_LIMIT, 4);
  message.writeUInt8((managed ? MANAGED : 0) | (other ? OTHER : 0), 5);
  message.writeUInt16BE(lifetime, 6);
  return message;
}

const linkAddress = (mac: string): Buffer => Buffer.concat([Buffer.of(1, 1), bytes(parseMac(mac) ?? 0n, 6)]);

function linkMtu(mtu: number | undefined): Buffer {
  if (mtu === undefined) return Buffer.alloc(0);
  const option = Buffer.of(5, 1, 0, 0, 0, 0, 0, 0);
  option.writeUInt32BE(mtu, 4);
  return option;
}

function prefixOption(given: Required<AdvertisedPrefix>): Buffer {
  const [address = "", length = ""] = given.prefix.split("/");
  const option = Buffer.alloc(16);
  option.set([3, 4, Number(length), (given.onLink ? ON_LINK : 0) | (given.autonomous ? AUTONOMOUS : 0)]);
  option.writeUInt32BE(given.validLifetime, 4);
  option.writeUInt32BE(given.preferredLifetime, 8);
  return Buffer.concat([option, bytes(parseIpv6(address) ?? 0n, 16)]);
}

/** One's-complement sum of words as they lie in memory. */
function summed(of: Buffer): number {
  let sum = 0;
  for (let at = 0; at < of.length; at += 2) sum += of.readUInt16LE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** @param most units that the record has room for */
export function saidByRouter(address: string, mac: string, told: ToldAdvertisement, most: number): SaidByRouter {
  const message = Buffer.concat([head(told), linkAddress(mac), linkMtu(told.mtu), ...told.prefixes.map(prefixOption)]);
  const pseudo = Buffer.alloc(24);
  pseudo.set(bytes(parseIpv6(address) ?? 0n, 16));
  pseudo.writeUInt32BE(message.length, 16);
  pseudo.writeUInt32BE(ICMPV6, 20);
  const words = Array.from({ length: most }, (_, at) =>
    at * UNIT < message.length ? message.readBigUInt64LE(at * UNIT) : 0n,
  );
  return { words, units: message.length / UNIT, sum: summed(Buffer.concat([pseudo, message])) };
}
