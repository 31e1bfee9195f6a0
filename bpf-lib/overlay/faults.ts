/** Why packets to a tunnel address of ours, and to a tunnel's port, are dropped. Each is counted by itself. */
export const TunnelFault = {
  /** A fragment of the outer packet: tunnel endpoints may discard them (RFC 7348 section 4.3), and XDP cannot wait for the rest. */
  Fragment: 0,
  /** IPv4 options in the outer header: nobody tunnels so. */
  Options: 1,
  /** An outer length beyond what is there, or too short for what must be in it. */
  Length: 2,
  /** A wrong checksum of the outer IPv4 or UDP header. */
  Checksum: 3,
  /** No valid network identifier (VXLAN's I flag), or a version of Geneve that is not 0. */
  Header: 4,
  /** A Geneve control message or critical option, which only who knows it may act on (RFC 8926 section 3.4). */
  Critical: 5,
  /** Geneve with anything but an Ethernet frame inside. */
  Content: 6,
  /** Congestion was marked on the way, and the inner packet's ends do not understand the mark (RFC 6040 section 4.2). */
  Congestion: 7,
  /** The packet could not be moved. */
  Room: 8,
  /** The network's number is 0, which stands for what is outside overlays. */
  Network: 9,
} as const;

/** Their names, in that order. */
export const tunnelFaultNames = [
  "outer fragment",
  "outer options",
  "outer length",
  "outer checksum",
  "tunnel header",
  "tunnel critical option",
  "tunnel content",
  "congestion",
  "no room",
  "tunnel network",
] as const;
