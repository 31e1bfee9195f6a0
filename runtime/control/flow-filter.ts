/** Which flows are meant: every part that is given must fit. */
import { z } from "zod";
import { PROTOCOLS, readPrefix } from "../config/text.ts";
import { failure } from "../loader/problems.ts";
import { endText, type Flow } from "../node/flows.ts";
import { badFlowFilter } from "./problems.ts";

/** As written: in a query, or on the command line. */
export const flowFilterSchema = z.strictObject({
  /** Name of a service. */
  service: z.string().optional(),
  /** Number of a tenant's network. */
  vni: z.string().optional(),
  /** An address or prefix, of either end, before or after it was rewritten. */
  address: z.string().optional(),
  /** Of either end, before or after it was rewritten. */
  port: z.string().optional(),
  /** "tcp", "udp", "icmp", "icmpv6", or a number. */
  protocol: z.string().optional(),
  /** "true": those alone that wait for a packet from behind their service; "false": all others. */
  waits: z.enum(["true", "false"]).optional(),
});
export type FlowFilter = z.infer<typeof flowFilterSchema>;

/** A flow as JSON says it. */
export interface FlowRow {
  readonly service: string;
  readonly vni: number;
  readonly protocol: string;
  readonly client: string;
  readonly destination: string;
  /** The ends that its packets leave with; null where they are as they came. */
  readonly sentFrom: string | null;
  readonly sentTo: string | null;
  /** Whether it waits for a packet from behind its service (`pending`). */
  readonly waits: boolean;
  readonly packets: bigint;
  readonly bytes: bigint;
}

const PROTOCOL_NAMES = new Map(Object.entries(PROTOCOLS).map(([name, number]) => [number, name]));
const protocolText = (protocol: number): string => PROTOCOL_NAMES.get(protocol) ?? String(protocol);

export function flowRow({ vni, protocol, client, sent, waits, packets, bytes }: Flow, service: string): FlowRow {
  const [from, to] = [endText(client.source, client.sourcePort), endText(client.destination, client.destinationPort)];
  const [sentFrom, sentTo] = [endText(sent.source, sent.sourcePort), endText(sent.destination, sent.destinationPort)];
  return {
    service,
    vni,
    protocol: protocolText(protocol),
    client: from,
    destination: to,
    sentFrom: sentFrom === from ? null : sentFrom,
    sentTo: sentTo === to ? null : sentTo,
    waits,
    packets,
    bytes,
  };
}

function whole(what: string, text: string, most: number, expected: string): number {
  if (!/^\d{1,8}$/.test(text) || Number(text) > most) throw failure(badFlowFilter(null, what, text, expected));
  return Number(text);
}

/** Bits of the 128 that a prefix fixes, and their values. */
function prefixOf(text: string): { readonly mask: bigint; readonly value: bigint } {
  const read = readPrefix(text);
  if (!read.ok) throw failure(badFlowFilter(null, "address", text, "an address or a prefix"));
  const { length, v4, address } = read.value;
  const value = v4 === null ? address : (0xffffn << 32n) | BigInt(v4);
  return { mask: ((1n << BigInt(length)) - 1n) << BigInt(128 - length), value };
}

function protocolOf(text: string): number {
  return PROTOCOLS[text.toLowerCase()] ?? whole("protocol", text, 255, "a protocol: a name, or a number to 255");
}

type Fits = (flow: Flow) => boolean;

/** `indexOf` gives a service's index by its name. @throws ZT8115, and what `indexOf` throws. */
export function flowMatcher(filter: FlowFilter, indexOf: (service: string) => number): Fits {
  const tests: Fits[] = [];
  if (filter.service !== undefined) {
    const index = indexOf(filter.service);
    tests.push((flow) => flow.service === index);
  }
  if (filter.vni !== undefined) {
    const vni = whole("vni", filter.vni, 2 ** 24 - 1, "the number of a network, to 16777215");
    tests.push((flow) => flow.vni === vni);
  }
  if (filter.protocol !== undefined) {
    const protocol = protocolOf(filter.protocol);
    tests.push((flow) => flow.protocol === protocol);
  }
  if (filter.waits !== undefined) {
    const waits = filter.waits === "true";
    tests.push((flow) => flow.waits === waits);
  }
  if (filter.port !== undefined) {
    const port = whole("port", filter.port, 65_535, "a port, to 65535");
    tests.push(({ client, sent }) =>
      [client, sent].some((ends) => ends.sourcePort === port || ends.destinationPort === port),
    );
  }
  if (filter.address !== undefined) {
    const { mask, value } = prefixOf(filter.address);
    const within = (address: bigint): boolean => (address & mask) === value;
    tests.push(({ client, sent }) => [client, sent].some((ends) => within(ends.source) || within(ends.destination)));
  }
  return (flow) => tests.every((test) => test(flow));
}
