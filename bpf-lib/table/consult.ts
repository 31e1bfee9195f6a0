/**
 * On a forwarder, in the place of services' decide programs and of what writes a flow's life anew: the packet leaves for the
 * chain that keeps its flow. Nothing of it is kept here.
 */
import { Action, FibResult, program, u8, u16, type u32 } from "zeta/bpf";
import { type Family, ipv4Family, ipv6Family, withFamily } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { embeddedKey } from "../icmp/embedded.ts";
import { serviceAt } from "../node/listen.ts";
import { NODE } from "../node/services.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { opens, type Parts } from "../packet/open.ts";
import { lookUp } from "../route/resolve.ts";
import { bucketFor, bucketOfFlow, destinationBucket, firstBucketFor, takesAnswers } from "./affinity.ts";
import { lost, TableFault } from "./faults.ts";
import { sendAlong, type Turn, withTurn } from "./hand.ts";
import { FRAGMENT, isOperation, Operation, portsOf } from "./operation.ts";
import { askedAt, questionOf } from "./question.ts";
import { isOurSide, pathAt } from "./view.ts";

/** There and back along the longest chain, and as often bounced. */
const HOP_BUDGET = 20;

/**
 * A switch that does not know where a member is floods what is for it to all of them. Nobody asks about that: three forwarders that
 * ask somebody who cannot be found about each other's questions would fill the wire.
 */
const isForAnother = ({ frame, call }: Turn): boolean => call.vni === 0 && isOperation(frame) && isOurSide(frame);

/** To the chain that keeps the bucket: for the first time. */
export const ask = (turn: Turn, service: u32, bucket: u32): Action => {
  const { parts, call, hand, view } = turn;
  if (isForAnother(turn)) return lost(TableFault.Astray);
  hand.of.bucket = u16(bucket);
  hand.of.service = u16(service);
  hand.of.forwarder = view.self;
  hand.of.sent = spansNow();
  hand.of.hops = u8(HOP_BUDGET);
  // Only the first fragment of a packet tells its ports.
  hand.of.detail = parts.later ? portsOf(parts) : 0;
  hand.vni = call.vni;
  return askBy(turn);
};

/** Where a packet is looked for whose flow is not known here. What opens a connection answers nobody. */
const bucketAnew = (parts: Parts, service: u32): u32 =>
  opens(parts) ? bucketFor(parts, service) : firstBucketFor(parts, service);

/** Whether it is looked for where the flow would stand that it answers, and not where it asks by itself. */
const isSought = (parts: Parts, bucket: u32, service: u32): boolean =>
  takesAnswers(service) && !opens(parts) && bucket === destinationBucket(parts) && bucket !== bucketFor(parts, service);

/**
 * By the view of now. What comes back as of another epoch is asked again so, for what is left of its hop budget, and of the lease that
 * runs from when it was first sent: two nodes that do not agree about the epoch do not send it to and fro for ever.
 */
export const askBy = (turn: Turn): Action => {
  const { parts, hand, view } = turn;
  const path = pathAt(view.epoch, hand.of.bucket);
  if (path === null || path.complete === 0) return lost(TableFault.Member);
  hand.of.epoch = view.epoch;
  hand.withEntry = 0;
  const { service, bucket } = hand.of;
  const question = service === FRAGMENT ? Operation.Fragment : questionOf(parts);
  const operation = isSought(parts, bucket, service) ? Operation.Seek : question;
  return sendAlong(turn, path, askedAt(path, question), operation);
};

export const zeta_consult = program(
  "zeta_consult",
  withTurn((turn) => {
    const { service } = turn.call;
    return ask(turn, service, bucketAnew(turn.parts, service));
  }),
);

const refreshBy = (turn: Turn, family: Family): Action => {
  const { parts, call } = turn;
  const { way } = family.find(family.keyOf(parts, call.vni), spansNow());
  const service = way === null ? call.service : way.service;
  if (way === null) return ask(turn, service, bucketAnew(parts, service));
  return ask(turn, service, bucketOfFlow(parts, family.endsOf(way), way.change, service));
};
const refresh = (family: Family) => withTurn((turn) => refreshBy(turn, family));

export const zeta_refresh4 = program("zeta_refresh4", refresh(ipv4Family), {
  slot: { table: zeta_node_stages, index: Stage.Renew4 },
});
export const zeta_refresh6 = program("zeta_refresh6", refresh(ipv6Family), {
  slot: { table: zeta_node_stages, index: Stage.Renew6 },
});

/** An ICMP error is about a flow that its chain may know: it is looked for by what is quoted, turned round. */
export const zeta_ask_error = program(
  "zeta_ask_error",
  withTurn((turn) => {
    const { parts, call } = turn;
    const quote = embeddedKey(parts);
    if (quote === null) return lost(TableFault.Form);
    const service = serviceAt(call, quote.destination, quote.destinationPort, quote.protocol);
    return ask(turn, service, service === NODE ? destinationBucket(quote) : firstBucketFor(quote, service));
  }),
  { slot: { table: zeta_node_stages, index: Stage.AskError } },
);

/** What becomes of a flow that waits, its head knows, whatever stands of it here. */
export const zeta_refresh_waiting = program(
  "zeta_refresh_waiting",
  withTurn((turn) => withFamily(turn.parts, (family) => refreshBy(turn, family))),
  { slot: { table: zeta_node_stages, index: Stage.Wait } },
);

/** What nobody listens to may be on its way back to a client; outside overlays, what is not for the host itself. */
const unheard = withTurn((turn) => {
  const { parts, call } = turn;
  return call.vni === 0 && isForHost(parts) ? Action.Pass : ask(turn, NODE, destinationBucket(parts));
});

/** Whether the kernel would keep the packet to itself, or has no way for it. */
const isForHost = (parts: Parts): boolean => {
  const { result } = lookUp(parts);
  return result !== FibResult.Success && result !== FibResult.NoNeighbour;
};

export const zeta_unheard = program("zeta_unheard", unheard, {
  slot: { table: zeta_node_stages, index: Stage.Unclaimed },
});
