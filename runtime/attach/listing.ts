/** What is attached to the interfaces of this network namespace, by whomever. */
import { findInterface, interfaceNames } from "../loader/interfaces.ts";
import { openLibrary } from "../loader/library.ts";
import { inNamespace } from "../loader/network-namespace.ts";
import { programName, type XdpState, xdpState } from "../loader/xdp.ts";
import { linkOn } from "./holder.ts";
import { isLive, readRuns } from "./records.ts";

export interface InterfaceProgram {
  readonly interface: string;
  readonly index: number;
  readonly mode: XdpState["mode"];
  readonly programId: number;
  /** Null when this process may not ask (CAP_SYS_ADMIN). */
  readonly program: string | null;
  /** Null for programs attached without a link, or when this process may not ask. */
  readonly linkId: number | null;
  /** The Zeta run that attached it, if one did. */
  readonly run: { readonly id: string; readonly pid: number; readonly live: boolean } | null;
}

/** Every interface that carries an XDP program. `namespace` looks into another one (needs CAP_SYS_ADMIN). */
export async function listAttachments(
  where: { readonly state?: string; readonly namespace?: string } = {},
): Promise<InterfaceProgram[]> {
  await openLibrary();
  const runs = readRuns(where.state);
  const look = (): InterfaceProgram[] =>
    interfaceNames().flatMap((name) => {
      const { index } = findInterface(name);
      const found = xdpState(index);
      if (found === null || found.mode === "none") return [];
      const { mode, programId } = found;
      const linkId = linkOn(index, programId);
      const owner = runs.find((run) =>
        run.attachments.some(
          (one) => one.index === index && (linkId === null ? one.programId === programId : one.linkId === linkId),
        ),
      );
      const run = owner === undefined ? null : { id: owner.id, pid: owner.pid, live: isLive(owner) };
      return [{ interface: name, index, mode, programId, program: programName(programId), linkId, run }];
    });
  return where.namespace === undefined ? look() : inNamespace(where.namespace, look);
}
