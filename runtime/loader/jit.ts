/** Whether the kernel compiles programs to machine code. */
import { closeSync } from "node:fs";
import { programInformation } from "./information.ts";
import { exit, loadInstructions, PROGRAM_TYPE_SOCKET_FILTER, setResult } from "./instructions.ts";

/** Loads a program and looks at what became of it: the sysctl cannot be read without root. */
export function jitWorks(): boolean {
  const fd = loadInstructions(PROGRAM_TYPE_SOCKET_FILTER, "zeta_jit", [setResult(0), exit]);
  if (fd < 0) return false;
  try {
    return programInformation(fd).jitedBytes > 0;
  } finally {
    closeSync(fd);
  }
}
