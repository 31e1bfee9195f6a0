/**
 * After a flow was entered: what its decision binds is written, by its service, whose record it is; then it is told of, counted,
 * and its packet follows it.
 */
import { Action, program } from "zeta/bpf";
import { apply } from "../flow/apply.ts";
import { type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { Point } from "../trace/record.ts";
import { step } from "../trace/trace.ts";
import { Ask } from "./call.ts";
import { because } from "./drops.ts";
import { tellOpened } from "./lifecycle.ts";
import { countOpened } from "./opened.ts";
import { countEntered } from "./quota.ts";
import { enterService, Hook } from "./services.ts";
import { refused, withPacket } from "./stage.ts";
import { Stage, zeta_node_stages } from "./stages.ts";
import { noteWaiting } from "./waiting/note.ts";

const entered = (family: Family) =>
  withPacket((parts, call) => {
    if (call.binds !== 0) {
      // Comes back here when it is done.
      call.ask = Ask.Bind;
      enterService(call.service, Hook.Decide, call.generation);
      return refused(call, because.gone());
    }
    const { source, destination, sourcePort, destinationPort, service, vni, generation, index, serial } = call;
    tellOpened(parts, { source, destination, sourcePort, destinationPort }, { service, vni, generation });
    countEntered(vni);
    countOpened(service, destination, destinationPort);
    step(Point.Entered, call);
    noteWaiting(parts, family, call);
    const way = family.at(index);
    return way === null ? Action.Drop : apply(parts, family, { way, index, serial }, way, call);
  });

export const zeta_entered4 = program("zeta_entered4", entered(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Entered4 },
});
export const zeta_entered6 = program("zeta_entered6", entered(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Entered6 },
});
