/** Which packets are traced. */
import { PROTOCOLS, readPrefix } from "../config/text.ts";
import { failure } from "../loader/problems.ts";
import { badTraceChoice } from "./problems.ts";

/** Every part that is given must fit. Ends are those of a packet before or after it was rewritten, in both directions. */
export interface TraceOptions {
  /** An address or prefix, of either end. */
  readonly address?: string;
  /** Of either end: 1 to 65535. */
  readonly port?: number;
  /** "tcp", "udp", "icmp", "icmpv6", or a number to 255. */
  readonly protocol?: string | number;
  /** Number of a tenant's network; 0 outside overlays. */
  readonly vni?: number;
  /** Name of a service. */
  readonly service?: string;
}

const ANY = 0xffff_ffff;

function whole(what: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw failure(badTraceChoice(null, what, String(value), `a whole number from ${least} to ${most}`));
}

function protocolOf(given: string | number): number {
  const known = typeof given === "string" ? PROTOCOLS[given.toLowerCase()] : undefined;
  return known ?? whole("protocol", given === "" ? Number.NaN : Number(given), 0, 255);
}

/** Bits of the 128 that the prefix fixes, and their values. */
function prefixOf(text: string): { readonly mask: bigint; readonly address: bigint } {
  const read = readPrefix(text);
  if (!read.ok) throw failure(badTraceChoice(null, "address", text, "an address or a prefix"));
  const { length, v4, address } = read.value;
  const mask = ((1n << BigInt(length)) - 1n) << BigInt(128 - length);
  return { mask, address: (v4 === null ? address : (0xffffn << 32n) | BigInt(v4)) & mask };
}

/** The value of `zeta_trace` (bpf-lib/trace/record.ts). @throws ZT8121, and what `indexOf` throws. */
export function traceConstant(
  options: TraceOptions,
  indexOf: (service: string) => number,
): Readonly<Record<string, unknown>> {
  const { address, port, protocol, vni, service } = options;
  return {
    ...(address === undefined ? { mask: 0n, address: 0n } : prefixOf(address)),
    vni: vni === undefined ? ANY : whole("vni", vni, 0, 2 ** 24 - 1),
    service: service === undefined ? ANY : indexOf(service),
    port: port === undefined ? ANY : whole("port", port, 1, 65_535),
    protocol: protocol === undefined ? ANY : protocolOf(protocol),
  };
}
