/** After a service's filters: the packet follows its flow, or the service is asked to decide. */
import { Action, type Frame, program } from "zeta/bpf";
import { withFamily } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { open } from "../packet/open.ts";
import { Ask, zeta_node_call } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { askFor, follow } from "./follow.ts";
import { zeta_node_services } from "./services.ts";
import { Stage, zeta_node_stages } from "./stages.ts";

const forward = (frame: Frame): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  const unreadable = () => {
    countNodeDrop(call.service, because.notWhole());
    return Action.Drop;
  };
  return open(
    frame,
    (parts) =>
      withFamily(parts, (family) => {
        const now = spansNow();
        const found = family.find(family.keyOf(parts, call.vni), now);
        const entry = found.way;
        if (entry === null) return askFor(call, Ask.Decide, call.service);
        const service = zeta_node_services.at(entry.service);
        if (service === null) {
          countNodeDrop(entry.service, because.gone());
          return Action.Drop;
        }
        return follow(parts, family, found, entry, service, call, now);
      }),
    unreadable,
    unreadable,
  );
};

export const zeta_forward = program("zeta_forward", forward, {
  slot: { table: zeta_node_stages, index: Stage.Forward },
});
