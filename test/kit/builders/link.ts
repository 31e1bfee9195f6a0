/** ARP, bare Ethernet frames and VLAN tags. */

import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { toBytes } from "../bytes.ts";
import { DEFAULT_DESTINATION_MAC, DEFAULT_SOURCE_MAC } from "../headers/link.ts";
import { describe } from "../packet/fields.ts";
import type { Wish } from "../packet/layers.ts";
import { build, type Packet, specOf } from "../packet/packet.ts";
import { tagged, type VlanTag } from "../packet/tags.ts";
import { noSuchLayer } from "../problems.ts";

export interface ArpConversation {
  /** Broadcast: who has the second address? */
  request(fields?: Wish<"arp">): Packet;
  /** From the second address to the first: here I am. */
  reply(fields?: Wish<"arp">): Packet;
}

const BROADCAST = "ff:ff:ff:ff:ff:ff";

/** `arp("10.0.0.1", "10.0.0.2").request()`. */
export const arp = (sender: string, target: string): ArpConversation => ({
  request: (fields = {}) =>
    build(
      { kind: "ethernet", source: DEFAULT_SOURCE_MAC, destination: BROADCAST },
      {
        kind: "arp",
        operation: 1,
        senderMac: DEFAULT_SOURCE_MAC,
        senderAddress: sender,
        targetAddress: target,
        ...fields,
      },
    ),
  reply: (fields = {}) =>
    build(
      { kind: "ethernet", source: DEFAULT_DESTINATION_MAC, destination: DEFAULT_SOURCE_MAC },
      {
        kind: "arp",
        operation: 2,
        senderMac: DEFAULT_DESTINATION_MAC,
        senderAddress: target,
        targetMac: DEFAULT_SOURCE_MAC,
        targetAddress: sender,
        ...fields,
      },
    ),
});

/** A frame of any EtherType with any content; local experimental 0x88b5 unless told. */
export const ethernet = (fields: Wish<"ethernet"> = {}, payload: string | Uint8Array = ""): Packet =>
  build(
    { kind: "ethernet", ...fields },
    ...(payload.length === 0 ? [] : [{ kind: "payload", bytes: toBytes(payload) } as const]),
  );

/** Puts tags, outermost first, in front of the packet's own: `vlan([{ id: 100, protocol: "802.1ad" }, 10], packet)`. */
export function vlan(tags: number | VlanTag | readonly (number | VlanTag)[], packet: Packet): Packet {
  const list = (Array.isArray(tags) ? tags : [tags]) as readonly (number | VlanTag)[];
  const full = list.map((tag) => (typeof tag === "number" ? { id: tag } : tag));
  return build(
    ...tagged(specOf(packet), full, (kind) => {
      throw new ZetaError([noSuchLayer(null, kind, describe(packet))]);
    }),
  );
}
