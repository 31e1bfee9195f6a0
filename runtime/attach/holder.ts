/** Who holds an interface's XDP hook, in words. */
import { programName, xdpLinks, xdpState } from "../loader/xdp.ts";
import { readRuns } from "./records.ts";

/** The link of a program on an interface; null for programs put there without one, or when this process may not look. */
export function linkOn(index: number, programId: number): number | null {
  try {
    return xdpLinks().find((link) => link.interfaceIndex === index && link.programId === programId)?.id ?? null;
  } catch {
    // Listing links needs CAP_SYS_ADMIN. The holder's program is known all the same.
    return null;
  }
}

/** "program 'pass' (id 12) by link 3, of zeta run 4f2a (process 812)". As much of it as this process may know. */
export function holderOf(index: number, state?: string): string {
  const found = xdpState(index);
  if (found === null || found.programId === 0) return "one that has gone meanwhile, so try again";
  const name = programName(found.programId);
  const program = `${name === null ? "program" : `program '${name}'`} (id ${found.programId}, ${found.mode})`;
  const linkId = linkOn(index, found.programId);
  const held = linkId === null ? program : `${program} by link ${linkId}`;
  const owner = readRuns(state).find((run) =>
    run.attachments.some((one) => one.linkId === linkId || one.programId === found.programId),
  );
  return owner === undefined ? held : `${held}, of zeta run ${owner.id} (process ${owner.pid})`;
}
