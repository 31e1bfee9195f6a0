/** Answers in the data plane for entrances: ARP and neighbour discovery. */
import { type Action, EtherType, type Frame } from "zeta/bpf";
import { openLink } from "../packet/link.ts";
import { answerArp } from "./arp.ts";
import { answerSolicitation } from "./solicitation.ts";

/** Transmits the answer to a question about an entrance's MAC address; everything else is `other`'s. */
export const answerNeighbours = (frame: Frame, other: () => Action): Action =>
  openLink(
    frame,
    (ethernet, type, at) => {
      if (type === EtherType.Arp) return answerArp(frame, ethernet, at) ?? other();
      if (type === EtherType.Ipv6) return answerSolicitation(frame, ethernet, at) ?? other();
      return other();
    },
    other,
  );
