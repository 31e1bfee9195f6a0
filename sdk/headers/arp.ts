import { header, ipv4, mac, u8, u16 } from "../layout/layouts.ts";

export const ArpOperation = { Request: 1, Reply: 2 } as const;

/** ARP for Ethernet and IPv4 (RFC 826), 28 bytes. */
export const arpHeader = header({
  hardwareType: u16,
  protocolType: u16,
  hardwareSize: u8,
  protocolSize: u8,
  operation: u16,
  senderMac: mac,
  senderAddress: ipv4,
  targetMac: mac,
  targetAddress: ipv4,
});
