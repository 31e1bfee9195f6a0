/** Going on in a program for flows across the families, with the entry that was found. */
import type { u32 } from "zeta/bpf";
import type { Parts } from "../../packet/open.ts";
import type { Call } from "../call.ts";
import { goOn } from "../stages.ts";

export const enterAcross = (
  parts: Parts,
  call: Call,
  found: { readonly index: u32; readonly serial: u32 },
  stage: u32,
): void => {
  call.index = found.index;
  call.serial = found.serial;
  goOn(parts, call, stage);
};
