/**
 * Fragments, before their flow is sought: the first is remembered and goes on as any packet does, the others go on as the
 * first's, whose protocol and ports the programs behind this one find noted. One whose flow cannot be told goes nowhere,
 * unless it is the host's own, which waits for its first longer.
 *
 * A cluster's fragments come to any of its forwarders: each asks for a first that has not come to it, and tells of one that
 * has (bpf-lib/table/fragment.ts).
 */
import { Action, FibResult, program, type u32 } from "zeta/bpf";
import { Fragment, followFirst } from "../packet/fragments.ts";
import type { Parts } from "../packet/open.ts";
import { lookUp } from "../route/resolve.ts";
import { consider } from "../trace/trace.ts";
import { TRACED } from "../trace/traced.ts";
import type { Call } from "./call.ts";
import { because } from "./drops.ts";
import { zeta_forwards } from "./forwards.ts";
import { serviceOfAll } from "./listen.ts";
import { proceed } from "./parse.ts";
import { NODE } from "./services.ts";
import { refused, withPacket } from "./stage.ts";
import { goOn, Stage, zeta_node_stages } from "./stages.ts";

const reasonOf = (fragment: u32): u32 => {
  if (fragment === Fragment.Missing) return because.noFirst();
  if (fragment === Fragment.Tiny) return because.tiny();
  return fragment === Fragment.Overlapping ? because.overlapping() : because.badFragment();
};

/** Whether the host would keep the packet: it is for itself, or for nobody that it knows a way to. */
const isHosts = (parts: Parts): boolean => {
  const { result } = lookUp(parts);
  return result === FibResult.NotForwarded || result === FibResult.ForwardingDisabled;
};

const refuse = (parts: Parts, fragment: u32, call: Call): Action => {
  call.service = serviceOfAll(call.vni);
  consider(parts, call, call.service, parts);
  if (call.service === NODE && call.vni === 0 && isHosts(parts)) return Action.Pass;
  return refused(call, reasonOf(fragment));
};

const run = withPacket((parts, call) => {
  const { fragment, protocol, sourcePort, destinationPort } = followFirst(parts, call.vni);
  const { asked } = call;
  call.asked = 0;
  if (zeta_forwards.value !== 0 && asked === 0 && (fragment === Fragment.First || fragment === Fragment.Missing)) {
    goOn(parts, call, Stage.AskFirst);
    return Action.Drop;
  }
  if (fragment > Fragment.Later) return refuse(parts, fragment, call);
  const whole = { ...parts, protocol, sourcePort, destinationPort };
  // Named here, whoever proceeds: reasons are numbered as they are named, and programs that trace count in the same map.
  because.unclaimed();
  if (!TRACED) return proceed(whole, call);
  goOn(whole, call, Stage.Proceed);
  return Action.Drop;
});

export const zeta_fragment = program("zeta_fragment", run, {
  slot: { table: zeta_node_stages, index: Stage.Fragment },
});
