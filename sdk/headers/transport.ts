import { bits, header, u8, u16, u32 } from "../layout/layouts.ts";

/** TCP without options (RFC 9293), 20 bytes; `words` is the header's length in 32-bit words, 5 to 15. */
export const tcpHeader = header({
  sourcePort: u16,
  destinationPort: u16,
  sequence: u32,
  acknowledgement: u32,
  control: bits({
    words: 4,
    reserved: 3,
    accurateEcn: 1,
    cwr: 1,
    ece: 1,
    urg: 1,
    ack: 1,
    psh: 1,
    rst: 1,
    syn: 1,
    fin: 1,
  }),
  window: u16,
  checksum: u16,
  urgentPointer: u16,
});
/** TCP option kinds (IANA). All but End and Nop carry a length byte. */
export const TcpOption = {
  End: 0,
  Nop: 1,
  MaximumSegment: 2,
  WindowScale: 3,
  SackPermitted: 4,
  Sack: 5,
  Timestamps: 8,
} as const;
export const optionHeader = header({ kind: u8, size: u8 });

/** UDP (RFC 768), 8 bytes. A zero checksum over IPv4 means none. */
export const udpHeader = header({ sourcePort: u16, destinationPort: u16, length: u16, checksum: u16 });

/** ICMP and ICMPv6 (RFC 792, RFC 4443), 8 bytes; echo uses `identifier` and `sequence`, errors use them otherwise. */
export const icmpHeader = header({ type: u8, code: u8, checksum: u16, identifier: u16, sequence: u16 });
export const IcmpType = {
  EchoReply: 0,
  Unreachable: 3,
  Redirect: 5,
  Echo: 8,
  TimeExceeded: 11,
  ParameterProblem: 12,
} as const;
export const Icmpv6Type = {
  Unreachable: 1,
  PacketTooBig: 2,
  TimeExceeded: 3,
  ParameterProblem: 4,
  Echo: 128,
  EchoReply: 129,
  RouterSolicitation: 133,
  RouterAdvertisement: 134,
  NeighbourSolicitation: 135,
  NeighbourAdvertisement: 136,
} as const;
