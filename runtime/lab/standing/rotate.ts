/** The key of a lab's cluster, changed while packets go on. */
import { type KeyRing, rotateKeys } from "../../cluster/keys.ts";
import { memberOf } from "../../cluster/view.ts";
import { labError } from "../command.ts";
import { memberFrozen, memberGone } from "../problems.ts";
import { clientOf, stateOfAgent } from "./agents.ts";
import { locked } from "./lock.ts";
import type { StandingPlace } from "./place.ts";
import { type LabRecord, type MemberRecord, readRecord, writeRecord } from "./record.ts";

const isListed = ({ view }: LabRecord, { id }: MemberRecord): boolean =>
  view.forwarders.includes(id) || memberOf(view, id) !== null;

/** Those who must have a key before others use it: all of the view. Others that run are told too. @throws ZetaError: ZT7017, ZT7019. */
function toTell(record: LabRecord): readonly MemberRecord[] {
  return record.members.filter((member) => {
    const agent = stateOfAgent(member);
    if (agent === "runs" || !isListed(record, member)) return agent === "runs";
    throw labError(agent === "gone" ? memberGone(null, member.name, member.pid) : memberFrozen(null, member.name));
  });
}

/**
 * A new random key; the old one is good no more when this returns. One that was interrupted is ended by the next.
 * @throws ZetaError: ZT7011 to ZT7013, ZT7017, ZT7019; nothing has changed then.
 */
export function rotate(place: StandingPlace): Promise<{ readonly told: number }> {
  return locked(place, async () => {
    let record = readRecord(place);
    const members = toTell(record);
    await rotateKeys(record.keys, {
      note(keys: KeyRing) {
        record = { ...record, keys };
        writeRecord(place, record);
      },
      async tell(keys) {
        await Promise.all(members.map((member) => clientOf(place, member).cluster({ keys })));
      },
    });
    return { told: members.length };
  });
}
