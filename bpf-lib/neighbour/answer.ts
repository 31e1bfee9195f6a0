/** Answers in the data plane for entrances: ARP, neighbour and router discovery. */
import { type Action, EtherType, type Frame, Icmpv6Type, struct, u8, type u32 } from "zeta/bpf";
import { openLink } from "../packet/link.ts";
import { answerArp } from "./arp.ts";
import { IPV6 } from "./message.ts";
import { answerRouterSolicitation } from "./router.ts";
import { answerSolicitation } from "./solicitation.ts";

const kind = struct({ type: u8 });

/**
 * Transmits the answer to a question about the MAC address of an entrance, or of an endpoint, in a network (0 outside
 * overlays), or about its router; everything else is `other`'s.
 */
export const answerNeighbours = (frame: Frame, vni: u32, other: () => Action): Action =>
  openLink(
    frame,
    (ethernet, type, at) => {
      if (type === EtherType.Arp) return answerArp(frame, ethernet, at, vni) ?? other();
      if (type !== EtherType.Ipv6) return other();
      const message = frame.cursor(at + IPV6).peek(kind)?.type ?? 0;
      if (message === Icmpv6Type.RouterSolicitation)
        return answerRouterSolicitation(frame, ethernet, at, vni) ?? other();
      return answerSolicitation(frame, ethernet, at, vni) ?? other();
    },
    other,
  );
