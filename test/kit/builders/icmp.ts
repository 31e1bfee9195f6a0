/** ICMP messages between two IPv4 addresses. */
import { toBytes } from "../bytes.ts";
import { ICMP } from "../headers/icmp.ts";
import { parseEnds } from "../packet/endpoint.ts";
import type { Wish } from "../packet/layers.ts";
import type { Overrides } from "../packet/override.ts";
import type { Packet } from "../packet/packet.ts";
import { absorbed, type Direction, direction, merged, packetOf, payloadLayer, reversed } from "./conversation.ts";
import { quote } from "./quote.ts";

export interface EchoOptions {
  readonly identifier?: number;
  readonly sequence?: number;
  readonly payload?: string | Uint8Array;
}

export interface IcmpConversation {
  echo(options?: EchoOptions, overrides?: Overrides): Packet;
  /** The reply, from the other end. */
  echoReply(options?: EchoOptions, overrides?: Overrides): Packet;
  /** Errors quote the packet they are about (RFC 1812: as much as fits 576 bytes). Code 3: port unreachable. */
  unreachable(about: Packet, code?: number, overrides?: Overrides): Packet;
  fragmentationNeeded(about: Packet, mtu: number, overrides?: Overrides): Packet;
  timeExceeded(about: Packet, overrides?: Overrides): Packet;
  redirect(about: Packet, gateway: string, overrides?: Overrides): Packet;
  /** Any other message. */
  message(fields: Wish<"icmp">, data?: string | Uint8Array, overrides?: Overrides): Packet;
  reverse(): IcmpConversation;
  with(overrides: Overrides): IcmpConversation;
}

/** An error message may not exceed this, IP header included (RFC 1812 section 4.3.2.3). */
const ERROR_LIMIT = 576 - 20 - 8;

function conversation(way: Direction, usual: Overrides): IcmpConversation {
  const message: IcmpConversation["message"] = (fields, data = "", overrides = {}) =>
    packetOf(way, [{ kind: "icmp", ...fields }, ...payloadLayer(toBytes(data))], usual, overrides);
  const error = (fields: Wish<"icmp">, about: Packet, overrides?: Overrides) =>
    message(fields, quote(about, ERROR_LIMIT), overrides);
  const self: IcmpConversation = {
    echo: ({ identifier = 1, sequence = 1, payload = "" } = {}, overrides) =>
      message({ type: ICMP.echo, identifier, sequence }, payload, overrides),
    echoReply: ({ identifier = 1, sequence = 1, payload = "" } = {}, overrides) =>
      self.reverse().message({ type: ICMP.echoReply, identifier, sequence }, payload, overrides),
    unreachable: (about, code = 3, overrides) => error({ type: ICMP.unreachable, code }, about, overrides),
    fragmentationNeeded: (about, mtu, overrides) => error({ type: ICMP.unreachable, code: 4, mtu }, about, overrides),
    timeExceeded: (about, overrides) => error({ type: ICMP.timeExceeded, rest: 0 }, about, overrides),
    redirect: (about, gateway, overrides) => error({ type: ICMP.redirect, code: 1, gateway }, about, overrides),
    message,
    reverse: () => conversation(reversed(way), usual),
    with(overrides) {
      const next = absorbed(way, overrides);
      return conversation(next.way, merged(usual, next.rest));
    },
  };
  return self;
}

/** Addresses without ports: `icmp("10.0.0.7", "10.1.0.1").echo()`. */
export const icmp = (source: string, destination: string, overrides: Overrides = {}): IcmpConversation =>
  conversation(direction(parseEnds(source, destination, false)), {}).with(overrides);
