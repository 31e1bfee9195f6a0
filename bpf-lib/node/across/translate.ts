/** Applying a decision between the families: the packet becomes one of the other (RFC 7915), and leaves by its hop. */
import { EtherType, program, type u32, u64 } from "zeta/bpf";
import { type Family, ipv4Family, ipv6Family } from "../../flow/table.ts";
import { network, type Parts } from "../../packet/open.ts";
import { ipv4Words } from "../../packet/words.ts";
import { Point } from "../../trace/record.ts";
import { step } from "../../trace/trace.ts";
import { FRAGMENT, IPV4, IPV6 } from "../../translate/headers.ts";
import { toIpv4 } from "../../translate/to-ipv4.ts";
import { toIpv6 } from "../../translate/to-ipv6.ts";
import { because } from "../drops.ts";
import { refused, withPacket } from "../stage.ts";
import { Stage, zeta_node_stages } from "../stages.ts";
import { cross } from "./cross.ts";
import { withBoth } from "./stage.ts";

/** More fragments, and where this one begins: in memory order. */
const FRAGMENTED = 0xff3f;
/** By how many bytes the packet will grow, modulo 2^32. Extension headers are left out on the way to IPv4. */
const growthOf = (parts: Parts): u32 => {
  const ip4 = network(parts, EtherType.Ipv4, ipv4Words);
  if (ip4 === null) return IPV4 - (parts.transportAt - parts.networkAt);
  return IPV6 - IPV4 + ((ip4.fragment & FRAGMENTED) === 0 ? 0 : FRAGMENT);
};

const translate = (family: Family) =>
  withPacket((parts, call) => {
    if (parts.type !== family.type) return refused(call, because.notWhole());
    return withBoth(family, call, (both) =>
      cross(parts, family, both, call, {
        stage: family.isIpv4 ? Stage.Translate46 : Stage.Translate64,
        growth: growthOf(parts),
        count: () => {
          both.entry.packets += 1n;
          both.entry.bytes += u64(parts.frame.length);
          step(Point.Translated, call);
        },
        become: (to, use, refuse) => (family.isIpv4 ? toIpv6(parts, to, use, refuse) : toIpv4(parts, to, use, refuse)),
      }),
    );
  });

export const zeta_xlate46 = program("zeta_xlate46", translate(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Translate46 },
});
export const zeta_xlate64 = program("zeta_xlate64", translate(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Translate64 },
});
