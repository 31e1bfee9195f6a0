/**
 * ICMP errors about packets of flows: each goes where its flow's packets go, translated as they are, so that whoever sent the
 * packet finds its own in the quote (RFC 5508 section 4). It is no sign of the flow's life, and no filter is asked: what the
 * error is about, the service has let pass.
 */
import { Action, program } from "zeta/bpf";
import { Change } from "../flow/entry.ts";
import { type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { type Embedded, embeddedKey } from "../icmp/embedded.ts";
import { translateError } from "../icmp/translate-error.ts";
import type { Parts } from "../packet/open.ts";
import { isStopped, send } from "../route/send.ts";
import { Asked, Point } from "../trace/record.ts";
import { consider, step, stepAsked } from "../trace/trace.ts";
import { enterAcross } from "./across/enter.ts";
import { type Call, From } from "./call.ts";
import { because } from "./drops.ts";
import { zeta_forwards } from "./forwards.ts";
import { serviceAt } from "./listen.ts";
import { enterService, Hook, NODE, Sees, zeta_node_services } from "./services.ts";
import { refused, withPacket } from "./stage.ts";
import { Stage, zeta_node_stages } from "./stages.ts";
import { countTraffic } from "./traffic.ts";

/**
 * The error is of no flow: the host's own, unless a service takes all that comes to its address or the network is a tenant's.
 * A service's filters may know where it goes; nothing is ever decided for it.
 */
const stray = (parts: Parts, call: Call): Action => {
  const index = serviceAt(call, parts.destination, 0, parts.protocol);
  call.service = index;
  consider(parts, call, index, parts);
  if (index === NODE && call.vni === 0) return Action.Pass;
  const service = zeta_node_services.at(index);
  if (index !== NODE && service !== null && (service.sees & Sees.Client) !== 0) {
    countTraffic(index, parts.frame.length);
    call.from = From.Client;
    call.stands = 0;
    stepAsked(call, Asked.Filter, call.from);
    enterService(index, Hook.Filter, call.generation);
  }
  return refused(call, because.strayError());
};

/** The quoted packet was rewritten by one direction's entry; the error goes by the other's. */
const follow = (parts: Parts, quote: Embedded, family: Family, call: Call): Action => {
  const found = family.find(family.keyOfEnds(quote, call.vni, quote.protocol), spansNow());
  const entry = found.way;
  const { asked } = call;
  call.asked = 0;
  if (entry === null) {
    if (zeta_forwards.value === 0 || asked !== 0) return stray(parts, call);
    zeta_node_stages.call(Stage.AskError);
    return Action.Drop;
  }
  consider(parts, call, entry.service, quote);
  const { source, destination } = family.wordsOf(entry);
  const { change, sourcePort, destinationPort, service } = entry;
  const { slot } = entry.hop;
  call.service = service;
  step(Point.Error, call);
  if (!family.stands(found)) return refused(call, because.changed());
  countTraffic(service, parts.frame.length);
  if ((change & Change.Across) !== 0) {
    enterAcross(parts, call, found, family.isIpv4 ? Stage.Error46 : Stage.Error64);
    return Action.Drop;
  }
  // Asked before anything is changed, as for any packet of the flow (flow/apply.ts).
  if (isStopped(parts, entry, slot)) {
    call.hop = slot;
    zeta_node_stages.call(Stage.Obstacle);
    return Action.Drop;
  }
  const shift = {
    toClient: (change & Change.Reply) !== 0,
    by: (change & Change.Shifted) === 0 ? 0 : (family.beside(entry, found.index)?.shift ?? 0),
  };
  const to = {
    change,
    source: { address: source, port: sourcePort },
    destination: { address: destination, port: destinationPort },
  };
  translateError(parts, quote, to, shift);
  return send(parts, found, entry, slot, call);
};

const run = (family: Family) =>
  withPacket((parts, call) => {
    if (parts.type !== family.type) return refused(call, because.notWhole());
    const quote = embeddedKey(parts);
    return quote === null ? stray(parts, call) : follow(parts, quote, family, call);
  });

export const zeta_error4 = program("zeta_error4", run(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Error4 },
});
export const zeta_error6 = program("zeta_error6", run(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Error6 },
});
