/**
 * The service that is alone on its node: its first program stands on the interfaces in the root's place, as long as nothing about
 * the node's services changes (bpf-lib/service/sole.ts).
 */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import { waitForPrograms } from "../loader/grace.ts";
import type { LoadedProgram } from "../loader/program.ts";

/** Set for each service's programs when they are loaded. */
export const OWN_INDEX = "zeta_own_index";

interface Placed {
  readonly vni: number;
  readonly manifest: Pick<Manifest, "service">;
}

/** The one among a node's services whose program may stand there, and the program's name; null when there is none. */
export function soleAmong<One extends Placed>(
  services: readonly One[],
): { readonly of: One; readonly program: string } | null {
  const [of, ...others] = services;
  if (of === undefined || others.length > 0 || of.vni !== 0) return null;
  const program = of.manifest.service?.sole ?? null;
  return program === null ? null : { of, program };
}

export interface Entry {
  /** What packets enter by. */
  readonly program: LoadedProgram;
  /** Has them enter by another, on every interface; those that came by the one before are through when this returns. */
  replaceBy(program: LoadedProgram): void;
}

export function entryOf(root: LoadedProgram): Entry {
  let program = root;
  return {
    get program() {
      return program;
    },
    replaceBy(next) {
      if (next === program) return;
      for (const attachment of [...program.attachments]) attachment.replaceBy(next);
      program = next;
      waitForPrograms();
    },
  };
}
