/**
 * Hand-made eBPF objects, byte by byte: for programs of a few instructions that must be there without a compiler.
 * An ELF64 relocatable (System V ABI, chapters 4 and 5): names, code, symbols; one function in section "xdp".
 */
const headerSize = 64;
const sectionHeaderSize = 64;
const symbolSize = 24;
const machineBpf = 247;

export function xdpObject(instructions: readonly number[]): Uint8Array {
  const names = "\0.strtab\0xdp\0.symtab\0program\0";
  const nameAt = (name: string) => names.indexOf(`\0${name}\0`) + 1;
  const size = instructions.length;
  const symbolsAt = headerSize + size;
  const namesAt = symbolsAt + 2 * symbolSize;
  const sectionsAt = Math.ceil((namesAt + names.length) / 8) * 8;
  // Type, flags, place, size, linked section, first global symbol, alignment, entry size.
  const sections = [
    ["", 0, 0, 0, 0, 0, 0, 0, 0],
    [".strtab", 3, 0, namesAt, names.length, 0, 0, 1, 0],
    ["xdp", 1, 6, headerSize, size, 0, 0, 8, 0],
    [".symtab", 2, 0, symbolsAt, 2 * symbolSize, 1, 1, 8, symbolSize],
  ] as const;

  const bytes = new Uint8Array(sectionsAt + sections.length * sectionHeaderSize);
  const view = new DataView(bytes.buffer);
  const u16 = (at: number, value: number) => view.setUint16(at, value, true);
  const u32 = (at: number, value: number) => view.setUint32(at, value, true);
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);

  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  u16(16, 1);
  u16(18, machineBpf);
  u32(20, 1);
  u64(40, sectionsAt);
  u16(52, headerSize);
  u16(58, sectionHeaderSize);
  u16(60, sections.length);
  u16(62, 1);

  bytes.set(instructions, headerSize);
  const symbol = symbolsAt + symbolSize;
  u32(symbol, nameAt("program"));
  bytes[symbol + 4] = 0x12;
  u16(symbol + 6, 2);
  u64(symbol + 16, size);
  bytes.set(new TextEncoder().encode(names), namesAt);

  for (const [index, [name, type, flags, place, length, link, info, alignment, entry]] of sections.entries()) {
    const at = sectionsAt + index * sectionHeaderSize;
    u32(at, name === "" ? 0 : nameAt(name));
    u32(at + 4, type);
    u64(at + 8, flags);
    u64(at + 24, place);
    u64(at + 32, length);
    u32(at + 40, link);
    u32(at + 44, info);
    u64(at + 48, alignment);
    u64(at + 56, entry);
  }
  return bytes;
}

const exit = [0x95, 0, 0, 0, 0, 0, 0, 0];

/** `r0 = 2 (XDP_PASS); exit`. */
export const passObject = (): Uint8Array => xdpObject([0xb7, 0, 0, 0, 2, 0, 0, 0, ...exit]);

/** `exit` alone: r0 is never set, which every verifier refuses. */
export const refusedObject = (): Uint8Array => xdpObject(exit);
