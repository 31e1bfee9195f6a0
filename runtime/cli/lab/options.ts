/** What the commands of a lab that is up have in common. */
import { placeOf, type StandingPlace } from "../../lab/standing/place.ts";
import { type LabRecord, readRecord } from "../../lab/standing/record.ts";
import { type NodeOptions, stateOf } from "../node/options.ts";
import type { Session } from "../session.ts";

export const labPlace = (session: Session, options: NodeOptions): StandingPlace =>
  placeOf(stateOf(session, options).state);

/** @throws ZT7011, ZT7012. */
export function labOf(
  session: Session,
  options: NodeOptions,
): { readonly place: StandingPlace; readonly record: LabRecord } {
  const place = labPlace(session, options);
  return { place, record: readRecord(place) };
}
