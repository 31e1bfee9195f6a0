/** UDP conversations: `udp("10.0.0.7:5353", "10.1.0.1:53").payload("question")`. */
import { toBytes } from "../bytes.ts";
import { parseEnds } from "../packet/endpoint.ts";
import type { Overrides } from "../packet/override.ts";
import type { Packet } from "../packet/packet.ts";
import { absorbed, type Direction, direction, merged, packetOf, payloadLayer, reversed } from "./conversation.ts";

export interface UdpConversation {
  /** A datagram, empty unless told. */
  payload(data?: string | Uint8Array, overrides?: Overrides): Packet;
  /** A datagram from the other end. */
  reply(data?: string | Uint8Array, overrides?: Overrides): Packet;
  reverse(): UdpConversation;
  with(overrides: Overrides): UdpConversation;
}

function conversation(way: Direction, usual: Overrides): UdpConversation {
  const self: UdpConversation = {
    payload(data = "", overrides = {}) {
      const ports = { sourcePort: way.source.port ?? 0, destinationPort: way.destination.port ?? 0 };
      return packetOf(way, [{ kind: "udp", ...ports }, ...payloadLayer(toBytes(data))], usual, overrides);
    },
    reply: (data, overrides) => self.reverse().payload(data, overrides),
    reverse: () => conversation(reversed(way), usual),
    with(overrides) {
      const next = absorbed(way, overrides);
      return conversation(next.way, merged(usual, next.rest));
    },
  };
  return self;
}

export const udp = (source: string, destination: string, overrides: Overrides = {}): UdpConversation =>
  conversation(direction(parseEnds(source, destination, true)), {}).with(overrides);
