/** Members that fail by hand, and are well again: the data plane, the agent, or both, as three different faults. */
import { setTimeout as pause } from "node:timers/promises";
import { labError } from "../command.ts";
import { memberGone } from "../problems.ts";
import { stateOfAgent } from "./agents.ts";
import type { Fault } from "./fault-kinds.ts";
import { locked } from "./lock.ts";
import { memberNamed, namespaceNamed } from "./parts.ts";
import type { StandingPlace } from "./place.ts";
import { type LabRecord, type MemberRecord, readRecord } from "./record.ts";
import { tellNewest } from "./view.ts";

function signal(member: MemberRecord, name: "SIGSTOP" | "SIGCONT"): void {
  if (stateOfAgent(member) === "gone") throw labError(memberGone(null, member.name, member.pid));
  process.kill(member.pid, name);
}

/** Milliseconds until a process that is to stop has: where others use the processors too, it may have to wait for its turn to. */
const PATIENCE = 10_000;

/** Returns when it does nothing any more: who asks for its state then is not told that it runs. */
async function stopped(member: MemberRecord): Promise<void> {
  signal(member, "SIGSTOP");
  for (const until = Date.now() + PATIENCE; stateOfAgent(member) === "runs" && Date.now() < until; ) await pause(2);
}

/** Safe to do twice. @throws ZetaError: ZT7011 to ZT7014, ZT7017. */
export function fail(place: StandingPlace, name: string, how: Fault): Promise<void> {
  return locked(place, async () => {
    const record = readRecord(place);
    const member = memberNamed(record, name);
    if (how !== "data") await stopped(member);
    if (how !== "agent") {
      const down = Object.keys(member.taps).map((one) => `link set ${one} down`);
      await namespaceNamed(place, record, name).ip(...down);
    }
  });
}

/** The member as it was, and told of the keys and the view that there are by now; whether it is in that is another matter. @throws as `fail`. */
export function heal(place: StandingPlace, name: string): Promise<LabRecord> {
  return locked(place, async () => {
    const record = readRecord(place);
    const member = memberNamed(record, name);
    signal(member, "SIGCONT");
    await tellNewest(place, member, record);
    await namespaceNamed(place, record, name).ip(...member.restore);
    return record;
  });
}
