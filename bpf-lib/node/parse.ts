/**
 * What the root does not see at a glance: it parses any packet, finds its flow or else its service, and goes on there. What
 * belongs to no service is the host's own.
 */
import { Action, EtherType, type Frame, Protocol, program, type u32 } from "zeta/bpf";
import { withFamily } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { isError } from "../icmp/embedded.ts";
import { isTunnelPort } from "../overlay/decapsulate.ts";
import { isToTunnel } from "../overlay/tunnels.ts";
import { isFragment } from "../packet/fragments.ts";
import { open, type Parts } from "../packet/open.ts";
import { note } from "../packet/reopen.ts";
import { isWhole } from "../packet/whole.ts";
import { Asked, Point } from "../trace/record.ts";
import { consider, considerUnread, step, stepAsked } from "../trace/trace.ts";
import { Ask, type Call, From, Inside, zeta_node_call } from "./call.ts";
import { because, countNodeDrop } from "./drops.ts";
import { askFor, strayFragment } from "./follow.ts";
import { isHostsOwn, zeta_forwards } from "./forwards.ts";
import { gone, known, NO_FLOW } from "./known.ts";
import { serviceAt, serviceOfAll } from "./listen.ts";
import { isSolicitation } from "./neighbour.ts";
import { enterService, Hook, NODE, Sees, zeta_node_services } from "./services.ts";
import { enterError, goOn, Stage, zeta_node_stages } from "./stages.ts";
import { countTraffic } from "./traffic.ts";

/** What no service takes is the host's own, but never out of an overlay. */
const unclaimed = (call: Call): Action => {
  if (call.vni === 0) return Action.Pass;
  countNodeDrop(NODE, because.unclaimed());
  return Action.Drop;
};

/** The same of what can be read. What a forwarder of a cluster does not know may be on its way back to a client. */
const toNobody = (parts: Parts, call: Call): Action => {
  if (isHostsOwn(call)) return Action.Pass;
  goOn(parts, call, Stage.Unclaimed);
  return Action.Drop;
};

/** Questions about MAC addresses are of the link, and no service's. */
const neighbour = (): Action => {
  zeta_node_stages.call(Stage.Neighbour);
  return Action.Drop;
};

/** A packet without a flow, which `index` takes. */
const begin = (parts: Parts, call: Call, index: u32): Action => {
  consider(parts, call, index, parts);
  if (index === NODE) return toNobody(parts, call);
  const service = zeta_node_services.at(index);
  if (service === null) return gone(index);
  countTraffic(index, parts.frame.length);
  call.service = index;
  call.from = From.Client;
  step(Point.Service, call);
  if ((service.sees & Sees.Client) !== 0) {
    call.stands = 0;
    note(parts, call.packet);
    stepAsked(call, Asked.Filter, call.from);
    enterService(index, Hook.Filter, call.generation);
    return gone(index);
  }
  if (service.decides === 0) return toNobody(parts, call);
  return parts.later && zeta_forwards.value === 0 ? strayFragment(index) : askFor(parts, call, Ask.Decide, index, 0);
};

const unknown = (parts: Parts, call: Call): Action =>
  isSolicitation(parts)
    ? neighbour()
    : begin(parts, call, serviceAt(call, parts.destination, parts.destinationPort, parts.protocol));

/** What cannot be read is the host's, unless a service takes all that comes: it takes nothing that nobody understands. */
const broken = (call: Call): Action => {
  const index = serviceOfAll(call.vni);
  considerUnread(call, index);
  if (index === NODE) return unclaimed(call);
  countNodeDrop(index, because.notWhole());
  return Action.Drop;
};

/** Whether the packet is one in a tunnel to the node, as far as its ports and addresses tell. */
const isTunnelled = (parts: Parts): boolean =>
  parts.protocol === Protocol.Udp && isTunnelPort(parts.destinationPort) && isToTunnel(parts);

/** Goes on with a packet whose protocol and ports are known: a whole one, or a fragment of one. */
export const proceed = (parts: Parts, call: Call): Action => {
  if (!isWhole(parts)) return broken(call);
  // Before its own flow is sought: messages that are no errors may have one between the same addresses.
  if (isError(parts)) {
    enterError(parts, call);
    return Action.Drop;
  }
  const action = withFamily(parts, (family) => {
    const now = spansNow();
    const found = family.find(family.keyOf(parts, call.vni), now);
    return found.way === null ? NO_FLOW : known(parts, family, found, found.way, call, now);
  });
  return action === NO_FLOW ? unknown(parts, call) : action;
};

const arrive = (frame: Frame): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  // What comes from a stage has its network noted, and no tunnel is looked for in it. Without a branch, which would have the
  // verifier walk everything below twice.
  const { inside } = call;
  call.vni &= 0 - (inside & Inside.Noted);
  call.inside = 0;
  return open(
    frame,
    (parts) => {
      if ((inside & Inside.Sought) !== 0) return begin(parts, call, call.service);
      if (isTunnelled(parts) && inside === 0) {
        consider(parts, call, NODE, parts);
        zeta_node_stages.call(Stage.Unwrap);
        return Action.Drop;
      }
      if (isFragment(parts)) {
        goOn(parts, call, Stage.Fragment);
        return Action.Drop;
      }
      return proceed(parts, call);
    },
    (type) => (type === EtherType.Arp ? neighbour() : unclaimed(call)),
    () => broken(call),
  );
};

export const zeta_parse = program("zeta_parse", arrive, { slot: { table: zeta_node_stages, index: Stage.Parse } });
