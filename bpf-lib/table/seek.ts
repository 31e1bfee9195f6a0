/**
 * On a flow-table node: a packet that a service takes which takes all, and that may yet be an answer to one of a service that listens at
 * addresses. Such a flow stands where its packets go to, and here it is sought first; what is of no such flow goes on to where the
 * flows of its own service stand (docs/decisions/0102-answers-are-sought-first.md).
 */
import { type Action, program, u8, u16 } from "zeta/bpf";
import { type Family, ipv4Family, ipv6Family } from "../flow/table.ts";
import { spansNow } from "../flow/time.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { bucketFor } from "./affinity.ts";
import { keptAt } from "./beside.ts";
import { lost, TableFault } from "./faults.ts";
import { hasService, sendAlong, type Turn, withTurn } from "./hand.ts";
import { askedAt, questionOf } from "./question.ts";
import { isAhead, pathAt } from "./view.ts";

/** The packet asks here, as if it had come so. */
const askHere = ({ hand }: Turn, family: Family, question: number): Action => {
  hand.of.operation = u8(question);
  zeta_node_stages.call(family.isIpv4 ? Stage.Serve4 : Stage.Serve6);
  return lost(TableFault.Role);
};

const seek = (turn: Turn, family: Family): Action => {
  const { parts, call, hand, view } = turn;
  const { bucket, service } = hand.of;
  const question = questionOf(parts);
  const now = spansNow();
  const found = family.find(family.keyOf(parts, call.vni), now);
  const kept = keptAt(family, found.index);
  // What stands here of another bucket is served as a member of that one's chain, which has other members, maybe.
  if (found.way !== null && kept !== null && kept.serial === found.serial && kept.bucket === bucket)
    return askHere(turn, family, question);
  const here = pathAt(view.epoch, bucket);
  // All of its bucket is lost, and others may still know of such a flow: that it is absent, nobody can say.
  if (here === null || isAhead(here.quiet, now)) return lost(TableFault.Quiet);
  if (!hasService(service)) return lost(TableFault.Service);
  hand.of.bucket = u16(bucketFor(parts, service));
  const path = pathAt(view.epoch, hand.of.bucket);
  if (path === null || path.complete === 0) return lost(TableFault.Role);
  const place = askedAt(path, question);
  hand.withEntry = 0;
  hand.of.place = u8(place);
  return path.members[(place & 7) as 0] === view.self
    ? askHere(turn, family, question)
    : sendAlong(turn, path, place, question);
};

export const zeta_seek4 = program(
  "zeta_seek4",
  withTurn((turn) => seek(turn, ipv4Family)),
  { slot: { table: zeta_node_stages, index: Stage.Seek4 } },
);
export const zeta_seek6 = program(
  "zeta_seek6",
  withTurn((turn) => seek(turn, ipv6Family)),
  { slot: { table: zeta_node_stages, index: Stage.Seek6 } },
);
