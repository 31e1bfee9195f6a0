/**
 * An ICMP error about a packet of a flow across the families becomes the other's, what it quotes too (RFC 7915 sections 4.2
 * and 5.2). It comes from the flow's own end: the prefix under which routers would stand is the service's matter.
 */
import { program } from "zeta/bpf";
import { type Family, ipv4Family, ipv6Family } from "../../flow/table.ts";
import { embeddedKey } from "../../icmp/embedded.ts";
import { errorToIpv4 } from "../../translate/error-to-ipv4.ts";
import { errorToIpv6 } from "../../translate/error-to-ipv6.ts";
import { IPV4, IPV6 } from "../../translate/headers.ts";
import { because } from "../drops.ts";
import { refused, withPacket } from "../stage.ts";
import { Stage, zeta_node_stages } from "../stages.ts";
import { cross } from "./cross.ts";
import { withBoth } from "./stage.ts";

/** Of both headers. */
const DIFFERENCE = 2 * (IPV6 - IPV4);

const error = (family: Family) =>
  withPacket((parts, call) => {
    const quote = parts.type === family.type ? embeddedKey(parts) : null;
    if (quote === null) return refused(call, because.notWhole());
    return withBoth(family, call, (both) =>
      cross(parts, family, both, call, {
        stage: family.isIpv4 ? Stage.Error46 : Stage.Error64,
        growth: family.isIpv4 ? DIFFERENCE : 2 ** 32 - DIFFERENCE,
        count: () => {},
        become: (to, use, refuse) =>
          family.isIpv4 ? errorToIpv6(parts, quote, to, use, refuse) : errorToIpv4(parts, quote, to, use, refuse),
      }),
    );
  });

export const zeta_error46 = program("zeta_error46", error(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Error46 },
});
export const zeta_error64 = program("zeta_error64", error(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Error64 },
});
