import { compiledOnly } from "../compiled.ts";
import type { address, u16, u32 } from "../layout/layouts.ts";
import type { Packet } from "./packet.ts";

declare const verdict: unique symbol;
declare const decision: unique symbol;
declare const completion: unique symbol;

/** What a filter says of a packet. */
export interface Verdict {
  readonly [verdict]: true;
}
/** What is decided for a flow. */
export interface Decision {
  readonly [decision]: true;
}

/** What becomes of a flow that waits. */
export interface Completion {
  readonly [completion]: true;
}

/** Let the packet go on to the next filter. */
export const pass = (): Verdict => compiledOnly("pass");
/** Drop it, and count it under this name. */
export const drop = (_reason: string): Verdict & Decision & Completion => compiledOnly("drop");
/** Drop it, tell the sender (TCP RST, ICMP unreachable), and count it under this name. */
export const reject = (_reason: string): Verdict & Decision & Completion => compiledOnly("reject");

/**
 * Send the packet back to where it came from: MAC and IP addresses and ports change places, the TTL starts anew at 64, and
 * `edit`, which sees the reply, may change every field that can be written, addresses and ports too. Packets that did not
 * go from one host to one host are dropped instead (RFC 1122 section 3.2.2), as are later fragments.
 */
export const answer = (_packet: Packet, _edit?: (reply: Packet) => void): Verdict => compiledOnly("answer");

/**
 * Send the packet on to the host that holds an address in a network, as a router does: its time to live is one less, and
 * who sent a packet whose time is up, or that is too long for its way, is told. With `{ ages: false }` as a switch does:
 * the packet is as old as it was. No decision is asked for, and nothing is remembered: every packet is routed by its own
 * filters' word, those that come back too. Dropped when nobody holds the address.
 */
export const route = (
  _packet: Packet,
  _to: { readonly vni: u32; readonly address: address },
  _how?: { readonly ages: boolean },
): Verdict => compiledOnly("route");

/**
 * A decision that waits for a packet from behind the service: what a SYN proxy decides when its client has proved itself.
 * The client's packet, an ACK that completes the handshake which the service's filter answered, becomes the SYN that opens
 * the connection behind the service: its sequence number one less, no data, an MSS option of `mss` bytes, and with `sack`
 * the one that permits selective acknowledgements (RFC 2018). Until the middlebox's `complete` hook has said that the
 * connection is there, the same packet sends the SYN again, and others of the client are dropped (it sends them again).
 * `note` is kept for that hook. Only a middlebox with that hook may say so; what is no such ACK is dropped, and so are
 * flows across the families and those whose replies return directly.
 */
export const pending = (
  _decision: Decision,
  _: { readonly note: u32; readonly mss: u16; readonly sack?: boolean },
): Decision => compiledOnly("pending");
