/** The parts of a relocatable eBPF ELF object that the loader reads itself: sections and data symbols (ELF-64, little-endian). */

import { faultOfTables, SECTION_TYPE, type SectionHeader, SYMBOL_BYTES } from "./elf-shape.ts";

const MAGIC = 0x464c457f;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const MACHINE_BPF = 247;
const SECTION_HEADER_BYTES = 64;
const TYPE_OBJECT = 1;

export interface ElfSection {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A named place in a data section: a global variable. */
export interface ElfSymbol {
  readonly name: string;
  readonly section: string;
  readonly offset: number;
  readonly size: number;
}

export interface Elf {
  readonly sections: ReadonlyMap<string, ElfSection>;
  readonly objects: readonly ElfSymbol[];
}

/** Thrown by `readElf`; the message completes "is not a loadable eBPF object". */
export class ElfError extends Error {}

function textAt(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0, at);
  return Buffer.from(bytes.subarray(at, end < 0 ? bytes.length : end)).toString("utf8");
}

function checkHeader(view: DataView): void {
  if (view.byteLength < 64) throw new ElfError(`it has only ${view.byteLength} bytes`);
  if (view.getUint32(0, true) !== MAGIC) throw new ElfError("it is not an ELF file");
  if (view.getUint8(4) !== CLASS_64 || view.getUint8(5) !== LITTLE_ENDIAN)
    throw new ElfError("it is not 64-bit little-endian");
  if (view.getUint16(18, true) !== MACHINE_BPF)
    throw new ElfError(`it is for machine ${view.getUint16(18, true)}, not for eBPF`);
}

/** @throws ElfError for whatever is no eBPF object, or ends early. */
export function readElf(bytes: Uint8Array): Elf {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkHeader(view);
  try {
    return readTables(bytes, view);
  } catch (cause) {
    if (cause instanceof ElfError) throw cause;
    throw new ElfError("its tables point outside the file", { cause });
  }
}

function readTables(bytes: Uint8Array, view: DataView): Elf {
  const start = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  if (view.getUint16(58, true) !== SECTION_HEADER_BYTES)
    throw new ElfError("its section headers are not of their size");
  const headers = Array.from({ length: count }, (_, index): SectionHeader => {
    const at = start + index * SECTION_HEADER_BYTES;
    const type = view.getUint32(at + 4, true);
    const offset = Number(view.getBigUint64(at + 24, true));
    const size = Number(view.getBigUint64(at + 32, true));
    const hasBits = type !== SECTION_TYPE.noBits && type !== SECTION_TYPE.none;
    if (hasBits && offset + size > bytes.length) throw new ElfError("it is cut short");
    return {
      name: view.getUint32(at, true),
      type,
      link: view.getUint32(at + 40, true),
      info: view.getUint32(at + 44, true),
      entrySize: Number(view.getBigUint64(at + 56, true)),
      size,
      bytes: hasBits ? bytes.subarray(offset, offset + size) : new Uint8Array(0),
    };
  });
  const namesAt = view.getUint16(62, true);
  const fault = faultOfTables(headers, namesAt);
  if (fault !== null) throw new ElfError(fault);
  const names = headers[namesAt] as SectionHeader;
  const sectionNames = headers.map((header) => textAt(names.bytes, header.name));
  const sections = new Map(
    headers.map((header, index) => [
      sectionNames[index] ?? "",
      { name: sectionNames[index] ?? "", bytes: header.bytes },
    ]),
  );
  const table = headers.find((header) => header.type === SECTION_TYPE.symbols);
  const strings = table === undefined ? undefined : headers[table.link];
  const objects =
    table === undefined || strings === undefined ? [] : readObjects(table.bytes, strings.bytes, sectionNames);
  return { sections, objects };
}

function readObjects(table: Uint8Array, strings: Uint8Array, sectionNames: readonly string[]): ElfSymbol[] {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const found: ElfSymbol[] = [];
  for (let at = 0; at + SYMBOL_BYTES <= table.length; at += SYMBOL_BYTES) {
    const section = sectionNames[view.getUint16(at + 6, true)];
    if ((view.getUint8(at + 4) & 15) !== TYPE_OBJECT || section === undefined) continue;
    const name = textAt(strings, view.getUint32(at, true));
    found.push({
      name,
      section,
      offset: Number(view.getBigUint64(at + 8, true)),
      size: Number(view.getBigUint64(at + 16, true)),
    });
  }
  return found;
}
