/**
 * The route of a flow across the families is asked for before its packet is translated: once it is, nobody could be told that
 * it is too long for its way.
 */
import { Action, clock, program, u8 } from "zeta/bpf";
import { endsInPackets, otherFamily, protocolIn } from "../../flow/across.ts";
import { type Family, ipv4Family, ipv6Family } from "../../flow/table.ts";
import { ROUTED_SHIFT } from "../../route/hop.ts";
import { resolveBetween } from "../../route/resolve.ts";
import { withPacket } from "../stage.ts";
import { Stage, zeta_node_stages } from "../stages.ts";
import { withBoth } from "./stage.ts";

const route = (family: Family) =>
  withPacket((parts, call) =>
    withBoth(family, call, ({ entry, partner }) => {
      const ticks = clock("jiffies");
      const { source, destination } = endsInPackets(family, entry, partner);
      const other = otherFamily(family);
      const between = { source: source.address, destination: destination.address };
      const protocol = protocolIn(other, parts.protocol);
      const { slot, here } = resolveBetween(other.isIpv4, between, protocol, parts.frame.ingressInterface, ticks);
      call.here = here ? 1 : 0;
      entry.hop = { routed: u8(ticks >> ROUTED_SHIFT), slot };
      zeta_node_stages.call(call.routed);
      return Action.Drop;
    }),
  );

export const zeta_route46 = program("zeta_route46", route(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Route46 },
});
export const zeta_route64 = program("zeta_route64", route(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Route64 },
});
