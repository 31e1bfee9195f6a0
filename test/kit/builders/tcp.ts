/** TCP conversations: `const client = tcp("10.0.0.7:40000", "10.1.0.1:80"); client.syn()`. */
import { toBytes } from "../bytes.ts";
import { parseEnds } from "../packet/endpoint.ts";
import { TCP_FLAGS, type TcpFlag } from "../packet/layers.ts";
import type { TcpOption } from "../packet/options.ts";
import type { Overrides } from "../packet/override.ts";
import type { Packet } from "../packet/packet.ts";
import { absorbed, type Direction, direction, merged, packetOf, payloadLayer, reversed } from "./conversation.ts";

export interface TcpOverrides extends Overrides {
  /** TCP options. */
  readonly options?: readonly TcpOption[];
}

/**
 * One direction of a TCP connection. It keeps no state: each call gives the packet as it would stand at the
 * connection's beginning (sequence number 1000 from the client, 5000 from the server); later ones say so by `tcp: { sequence }`.
 */
export interface TcpConversation {
  syn(overrides?: TcpOverrides): Packet;
  synAck(overrides?: TcpOverrides): Packet;
  ack(overrides?: TcpOverrides): Packet;
  fin(overrides?: TcpOverrides): Packet;
  rst(overrides?: TcpOverrides): Packet;
  /** ACK and PSH with data. */
  payload(data: string | Uint8Array, overrides?: TcpOverrides): Packet;
  /** Any set of flags. */
  packet(flags: readonly TcpFlag[], overrides?: TcpOverrides): Packet;
  /** What the other end answers: an ACK, with data if given. */
  reply(data?: string | Uint8Array, overrides?: TcpOverrides): Packet;
  /** The other direction as a conversation: `client.reverse().synAck()`. */
  reverse(): TcpConversation;
  /** The same conversation with overrides for every packet. */
  with(overrides: TcpOverrides): TcpConversation;
}

interface Numbers {
  readonly own: number;
  readonly other: number;
}

function conversation(way: Direction, numbers: Numbers, usual: Overrides): TcpConversation {
  const make = (flags: readonly TcpFlag[], data: Uint8Array, overrides: TcpOverrides, more: number): Packet => {
    const { options, ...rest } = overrides;
    const tcp = {
      kind: "tcp",
      sourcePort: way.source.port ?? 0,
      destinationPort: way.destination.port ?? 0,
      sequence: numbers.own + more,
      acknowledgement: flags.includes("ack") ? numbers.other + 1 : 0,
      flags: TCP_FLAGS.filter((flag) => flags.includes(flag)),
      ...(options === undefined ? {} : { options }),
    } as const;
    return packetOf(way, [tcp, ...payloadLayer(data)], usual, rest);
  };
  const none = new Uint8Array(0);
  const self: TcpConversation = {
    syn: (overrides = {}) => make(["syn"], none, overrides, 0),
    synAck: (overrides = {}) => make(["syn", "ack"], none, overrides, 0),
    ack: (overrides = {}) => make(["ack"], none, overrides, 1),
    fin: (overrides = {}) => make(["fin", "ack"], none, overrides, 1),
    rst: (overrides = {}) => make(["rst"], none, overrides, 1),
    payload: (data, overrides = {}) => make(["psh", "ack"], toBytes(data), overrides, 1),
    packet: (flags, overrides = {}) => make(flags, none, overrides, flags.includes("syn") ? 0 : 1),
    reply: (data = "", overrides = {}) =>
      data.length === 0 ? self.reverse().ack(overrides) : self.reverse().payload(data, overrides),
    reverse: () => conversation(reversed(way), { own: numbers.other, other: numbers.own }, usual),
    with({ options, ...overrides }) {
      const next = absorbed(way, options === undefined ? overrides : merged(overrides, { tcp: { options } }));
      return conversation(next.way, numbers, merged(usual, next.rest));
    },
  };
  return self;
}

/** A conversation seen from its client. Endpoints: "10.0.0.7:40000" or "[2001:db8::7]:40000". */
export const tcp = (source: string, destination: string, overrides: TcpOverrides = {}): TcpConversation =>
  conversation(direction(parseEnds(source, destination, true)), { own: 1000, other: 5000 }, {}).with(overrides);
