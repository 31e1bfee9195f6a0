/** Which eBPF instruction sets the running kernel takes, found by loading a tiny program of each. */
import { closeSync } from "node:fs";
import { library } from "./library.ts";

const PROGRAM_TYPE_SOCKET_FILTER = 1;
const INSTRUCTION_BYTES = 8;

/** Code, registers (source << 4 | destination), offset, immediate: the instruction encoding of RFC 9669. */
function instruction(code: number, registers: number, offset: number, immediate: number): Buffer {
  const bytes = Buffer.alloc(INSTRUCTION_BYTES);
  bytes.writeUInt8(code, 0);
  bytes.writeUInt8(registers, 1);
  bytes.writeInt16LE(offset, 2);
  bytes.writeInt32LE(immediate, 4);
  return bytes;
}

const setToZero = instruction(0xb7, 0, 0, 0);
const exit = instruction(0x95, 0, 0, 0);

/** One instruction that the level added; each reads r0 only. */
const ADDED = {
  /** if r0 < 0 goto +0 (JLT, 64 bit). */
  v2: instruction(0xa5, 0, 0, 0),
  /** if w0 == 0 goto +0 (JEQ, 32 bit). */
  v3: instruction(0x16, 0, 0, 0),
  /** r0 s/= 1 (signed division: offset 1). */
  v4: instruction(0x37, 0, 1, 1),
} as const;

const known = new Map<keyof typeof ADDED, boolean>();

/** True when a program with an instruction of this level loads. Asks the kernel once. The library must be open. */
export function acceptsCpu(level: keyof typeof ADDED): boolean {
  const before = known.get(level);
  if (before !== undefined) return before;
  const code = Buffer.concat([setToZero, ADDED[level], exit]);
  const fd = library().bpf.bpf_prog_load(
    PROGRAM_TYPE_SOCKET_FILTER,
    "zeta_level",
    "GPL",
    code,
    code.length / INSTRUCTION_BYTES,
    null,
  );
  if (fd >= 0) closeSync(fd);
  known.set(level, fd >= 0);
  return fd >= 0;
}
