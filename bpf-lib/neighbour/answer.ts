/** Answers in the data plane for entrances: ARP and neighbour discovery. */
import { type Action, EtherType, type Frame, type u32 } from "zeta/bpf";
import { openLink } from "../packet/link.ts";
import { answerArp } from "./arp.ts";
import { answerSolicitation } from "./solicitation.ts";

/**
 * Transmits the answer to a question about the MAC address of an entrance, or of an endpoint, in a network (0 outside
 * overlays); everything else is `other`'s.
 */
export const answerNeighbours = (frame: Frame, vni: u32, other: () => Action): Action =>
  openLink(
    frame,
    (ethernet, type, at) => {
      if (type === EtherType.Arp) return answerArp(frame, ethernet, at, vni) ?? other();
      if (type === EtherType.Ipv6) return answerSolicitation(frame, ethernet, at, vni) ?? other();
      return other();
    },
    other,
  );
