/** Before a service is asked about an IPv4 client's flow to IPv6: what was decided stands in the partner's key. */
import { program } from "zeta/bpf";
import { endsAcross } from "../../flow/across.ts";
import { ipv4Family } from "../../flow/table.ts";
import { askFor } from "../follow.ts";
import { withPacket } from "../stage.ts";
import { Stage, zeta_node_stages } from "../stages.ts";
import { withBoth } from "./stage.ts";

export const zeta_ask46 = program(
  "zeta_ask46",
  withPacket((parts, call) =>
    withBoth(ipv4Family, call, ({ entry, partner }) => {
      const decided = endsAcross(ipv4Family, entry, partner);
      call.change = entry.change;
      call.source = decided.source;
      call.destination = decided.destination;
      call.sourcePort = decided.sourcePort;
      call.destinationPort = decided.destinationPort;
      return askFor(parts, call, call.ask, entry.service, 1);
    }),
  ),
  { slot: { table: zeta_node_stages, index: Stage.Ask46 } },
);
