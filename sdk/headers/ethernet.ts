import { bits, header, mac, u16 } from "../layout/layouts.ts";

/** EtherTypes (IEEE 802 numbers). Bridged: an Ethernet frame follows, as in Geneve. */
export const EtherType = {
  Ipv4: 0x0800,
  Arp: 0x0806,
  Bridged: 0x6558,
  Vlan: 0x8100,
  Ipv6: 0x86dd,
  ProviderVlan: 0x88a8,
} as const;

/** IEEE 802.3 header, 14 bytes. */
export const ethernetHeader = header({ destination: mac, source: mac, type: u16 });

/** IEEE 802.1Q / 802.1ad tag after its EtherType, 4 bytes: priority, drop-eligible, VLAN identifier, next EtherType. */
export const vlanTag = header({ control: bits({ priority: 3, dropEligible: 1, identifier: 12 }), type: u16 });
