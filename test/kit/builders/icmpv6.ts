/** ICMPv6 messages and neighbour discovery between two IPv6 addresses. */
import { toBytes } from "../bytes.ts";
import { ICMPV6 } from "../headers/icmpv6.ts";
import { parseEnds } from "../packet/endpoint.ts";
import type { Wish } from "../packet/layers.ts";
import type { Overrides } from "../packet/override.ts";
import type { Packet } from "../packet/packet.ts";
import { absorbed, type Direction, direction, merged, packetOf, payloadLayer, reversed } from "./conversation.ts";
import type { EchoOptions } from "./icmp.ts";
import { quote } from "./quote.ts";

export interface Icmpv6Conversation {
  echo(options?: EchoOptions, overrides?: Overrides): Packet;
  /** The reply, from the other end. */
  echoReply(options?: EchoOptions, overrides?: Overrides): Packet;
  /** Errors quote the packet they are about, as much as fits the minimum MTU. Code 4: port unreachable. */
  unreachable(about: Packet, code?: number, overrides?: Overrides): Packet;
  packetTooBig(about: Packet, mtu: number, overrides?: Overrides): Packet;
  timeExceeded(about: Packet, overrides?: Overrides): Packet;
  /** Asks for `target`'s MAC address, with the sender's own. Hop limit 255, as RFC 4861 demands. */
  neighbourSolicitation(target: string, overrides?: Overrides): Packet;
  /** Says that `target` is at the sender's MAC address (solicited, override). */
  neighbourAdvertisement(target: string, overrides?: Overrides): Packet;
  message(fields: Wish<"icmpv6">, data?: string | Uint8Array, overrides?: Overrides): Packet;
  reverse(): Icmpv6Conversation;
  with(overrides: Overrides): Icmpv6Conversation;
}

/** RFC 4443 section 2.4: the minimum IPv6 MTU, less the headers in front. */
const ERROR_LIMIT = 1280 - 40 - 8;
const SOLICITED_OVERRIDE = 0x60000000;

function conversation(way: Direction, usual: Overrides): Icmpv6Conversation {
  const message: Icmpv6Conversation["message"] = (fields, data = "", overrides = {}) =>
    packetOf(way, [{ kind: "icmpv6", ...fields }, ...payloadLayer(toBytes(data))], usual, overrides);
  const error = (fields: Wish<"icmpv6">, about: Packet, overrides?: Overrides) =>
    message(fields, quote(about, ERROR_LIMIT), overrides);
  const self: Icmpv6Conversation = {
    echo: ({ identifier = 1, sequence = 1, payload = "" } = {}, overrides) =>
      message({ type: ICMPV6.echo, identifier, sequence }, payload, overrides),
    echoReply: ({ identifier = 1, sequence = 1, payload = "" } = {}, overrides) =>
      self.reverse().message({ type: ICMPV6.echoReply, identifier, sequence }, payload, overrides),
    unreachable: (about, code = 4, overrides) => error({ type: ICMPV6.unreachable, code }, about, overrides),
    packetTooBig: (about, mtu, overrides) => error({ type: ICMPV6.packetTooBig, mtu }, about, overrides),
    timeExceeded: (about, overrides) => error({ type: ICMPV6.timeExceeded }, about, overrides),
    neighbourSolicitation(target, overrides = {}) {
      const options = [{ kind: "sourceLinkAddress", mac: way.sourceMac }] as const;
      return message({ type: ICMPV6.neighbourSolicitation, target, options }, "", { ttl: 255, ...overrides });
    },
    neighbourAdvertisement(target, overrides = {}) {
      const options = [{ kind: "targetLinkAddress", mac: way.sourceMac }] as const;
      const fields = { type: ICMPV6.neighbourAdvertisement, rest: SOLICITED_OVERRIDE, target, options };
      return message(fields, "", { ttl: 255, ...overrides });
    },
    message,
    reverse: () => conversation(reversed(way), usual),
    with(overrides) {
      const next = absorbed(way, overrides);
      return conversation(next.way, merged(usual, next.rest));
    },
  };
  return self;
}

/** Addresses without ports: `icmpv6("2001:db8::7", "2001:db8::1").echo()`. */
export const icmpv6 = (source: string, destination: string, overrides: Overrides = {}): Icmpv6Conversation =>
  conversation(direction(parseEnds(source, destination, false)), {}).with(overrides);
