/** After a service's filters: the packet follows its flow, or the service is asked to decide. */
import { Action, program } from "zeta/bpf";
import { spansNow } from "../flow/time.ts";
import { isError } from "../icmp/embedded.ts";
import { Ask } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { askFor, follow, strayFragment } from "./follow.ts";
import { zeta_forwards } from "./forwards.ts";
import { zeta_node_services } from "./services.ts";
import { refused, withPacketOfFamily } from "./stage.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const forward = withPacketOfFamily((parts, family, call) => {
  const now = spansNow();
  const found = family.find(family.keyOf(parts, call.vni), now);
  const entry = found.way;
  if (entry === null) {
    if (parts.later && zeta_forwards.value === 0) return strayFragment(call.service);
    return isError(parts) ? refused(call, because.strayError()) : askFor(parts, call, Ask.Decide, call.service, 0);
  }
  const service = zeta_node_services.at(entry.service);
  if (service === null) {
    countNodeDrop(entry.service, because.gone());
    return Action.Drop;
  }
  return follow(parts, family, found, entry, service, call, now);
});

export const zeta_forward = program("zeta_forward", forward, {
  slot: { table: zeta_node_stages, index: Stage.Forward },
});
