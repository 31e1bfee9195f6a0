/**
 * The XDP program `return XDP_PASS` as an object file made here, byte by byte: a lab needs neither a compiler nor a
 * loader process for it, and attached by `ip link` it stays exactly as long as the interface.
 */
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LinkEnd } from "./link.ts";

/** `r0 = 2 (XDP_PASS); exit`. */
const instructions = [0xb7, 0, 0, 0, 2, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0];

/** Attaches it in native mode, or fails: generic XDP would hide what a lab is for. */
export async function attachPass({ namespace, interface: device }: LinkEnd): Promise<void> {
  const file = join(tmpdir(), `${namespace.fullName}-${device}.o`);
  writeFileSync(file, passObject());
  try {
    await namespace.ip(`link set dev ${device} xdpdrv object ${file} section xdp`);
  } finally {
    rmSync(file, { force: true });
  }
}

const headerSize = 64;
const sectionHeaderSize = 64;
const symbolSize = 24;
const machineBpf = 247;

/** An ELF64 relocatable object (System V ABI, chapters 4 and 5): names, code, symbols; one function in section "xdp". */
export function passObject(): Uint8Array {
  const names = "\0.strtab\0xdp\0.symtab\0pass\0";
  const nameAt = (name: string) => names.indexOf(`\0${name}\0`) + 1;
  const codeAt = headerSize;
  const symbolsAt = codeAt + instructions.length;
  const namesAt = symbolsAt + 2 * symbolSize;
  const sectionsAt = Math.ceil((namesAt + names.length) / 8) * 8;

  const sections = [
    { name: 0, type: 0, flags: 0, at: 0, size: 0, link: 0, info: 0, align: 0, entry: 0 },
    {
      name: nameAt(".strtab"),
      type: 3,
      flags: 0,
      at: namesAt,
      size: names.length,
      link: 0,
      info: 0,
      align: 1,
      entry: 0,
    },
    {
      name: nameAt("xdp"),
      type: 1,
      flags: 6,
      at: codeAt,
      size: instructions.length,
      link: 0,
      info: 0,
      align: 8,
      entry: 0,
    },
    {
      name: nameAt(".symtab"),
      type: 2,
      flags: 0,
      at: symbolsAt,
      size: 2 * symbolSize,
      link: 1,
      info: 1,
      align: 8,
      entry: symbolSize,
    },
  ];
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

  bytes.set(instructions, codeAt);
  const symbol = symbolsAt + symbolSize;
  u32(symbol, nameAt("pass"));
  bytes[symbol + 4] = 0x12;
  u16(symbol + 6, 2);
  u64(symbol + 16, instructions.length);
  bytes.set(new TextEncoder().encode(names), namesAt);

  for (const [index, section] of sections.entries()) {
    const at = sectionsAt + index * sectionHeaderSize;
    u32(at, section.name);
    u32(at + 4, section.type);
    u64(at + 8, section.flags);
    u64(at + 24, section.at);
    u64(at + 32, section.size);
    u32(at + 40, section.link);
    u32(at + 44, section.info);
    u64(at + 48, section.align);
    u64(at + 56, section.entry);
  }
  return bytes;
}
