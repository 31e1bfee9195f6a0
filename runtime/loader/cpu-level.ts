/** Which eBPF instruction sets the running kernel takes, found by loading a tiny program of each. */
import { closeSync } from "node:fs";
import { EACCES, EPERM } from "./errno.ts";
import { exit, instruction, loadInstructions, PROGRAM_TYPE_SOCKET_FILTER, setResult } from "./instructions.ts";

/** One instruction that the level added; each reads r0 only. */
const ADDED = {
  /** if r0 < 0 goto +0 (JLT, 64 bit). */
  v2: instruction(0xa5, 0, 0, 0),
  /** if w0 == 0 goto +0 (JEQ, 32 bit). */
  v3: instruction(0x16, 0, 0, 0),
  /** r0 s/= 1 (signed division: offset 1). */
  v4: instruction(0x37, 0, 1, 1),
} as const;

/** Whether a program that every kernel takes is refused: then it is the process that may not. The library must be open. */
export function mayNotLoad(): boolean {
  const fd = loadInstructions(PROGRAM_TYPE_SOCKET_FILTER, "zeta_least", [setResult(0), exit]);
  if (fd >= 0) closeSync(fd);
  return fd === -EPERM || fd === -EACCES;
}

const known = new Map<keyof typeof ADDED, boolean>();

/** True when a program with an instruction of this level loads. Asks the kernel once. The library must be open. */
export function acceptsCpu(level: keyof typeof ADDED): boolean {
  const before = known.get(level);
  if (before !== undefined) return before;
  const fd = loadInstructions(PROGRAM_TYPE_SOCKET_FILTER, "zeta_level", [setResult(0), ADDED[level], exit]);
  if (fd >= 0) closeSync(fd);
  known.set(level, fd >= 0);
  return fd >= 0;
}
