/** eBPF instructions for the loader's own tiny probes (RFC 9669, section 3). */
import { library } from "./library.ts";

export const INSTRUCTION_BYTES = 8;

/** `registers` is source << 4 | destination. */
export function instruction(code: number, registers: number, offset: number, immediate: number): Buffer {
  const bytes = Buffer.alloc(INSTRUCTION_BYTES);
  bytes.writeUInt8(code, 0);
  bytes.writeUInt8(registers, 1);
  bytes.writeInt16LE(offset, 2);
  bytes.writeInt32LE(immediate, 4);
  return bytes;
}

/** r0 = value */
export const setResult = (value: number): Buffer => instruction(0xb7, 0, 0, value);
export const exit: Buffer = instruction(0x95, 0, 0, 0);

export const PROGRAM_TYPE_SOCKET_FILTER = 1;
export const PROGRAM_TYPE_XDP = 6;

/** Loads instructions as they are: a descriptor, or a negative errno. */
export function loadInstructions(type: number, name: string, parts: readonly Buffer[]): number {
  const code = Buffer.concat(parts);
  return library().bpf.bpf_prog_load(type, name, "GPL", code, code.length / INSTRUCTION_BYTES, null);
}
