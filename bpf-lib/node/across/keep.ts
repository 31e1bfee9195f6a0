/** After the life of a flow across the families was written: so is that of its mapping. Then its packet goes on its way. */
import { Action, program, u8 } from "zeta/bpf";
import { seenAs } from "../../../sdk/middlebox/internal.ts";
import { protocolIn } from "../../flow/across.ts";
import { keyWords } from "../../flow/entry.ts";
import { keepMappingAcross } from "../../flow/mapping.ts";
import { type Entry, type Entry6, type Family, ipv4Family, ipv6Family } from "../../flow/table.ts";
import { withCall } from "../stage.ts";
import { Stage, zeta_node_stages } from "../stages.ts";
import { withBoth } from "./stage.ts";

/** Whoever opened the flow: what the IPv6 host sends leaves from its external port. */
const keep = (family: Family) =>
  withCall((call) =>
    withBoth(family, call, ({ entry, partner, now }) => {
      const six = (family.isIpv4 ? partner : entry) as Entry6;
      const { source, sourcePort } = ipv6Family.endsOf(six as Entry);
      const protocol = protocolIn(ipv4Family, u8(seenAs(six.key as never, keyWords).network));
      const use = { was: call.was, state: entry.state, until: entry.until };
      keepMappingAcross({ address: source, port: sourcePort }, protocol, use, now);
      zeta_node_stages.call(family.isIpv4 ? Stage.Translate46 : Stage.Translate64);
      return Action.Drop;
    }),
  );

export const zeta_keep46 = program("zeta_keep46", keep(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Keep46 },
});
export const zeta_keep64 = program("zeta_keep64", keep(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Keep64 },
});
