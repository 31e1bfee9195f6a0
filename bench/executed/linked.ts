/** The code of a loaded object, as it was compiled: instructions by section, with what they refer to by name (RFC 9669). */
import { type ElfSymbol, readElf } from "../../runtime/loader/elf.ts";

export interface Reference {
  readonly name: string;
  readonly section: string;
  /** Bytes from the section's start. */
  readonly offset: number;
}

export interface Instruction {
  readonly code: number;
  readonly to: number;
  readonly from: number;
  readonly offset: number;
  readonly immediate: number;
  /** The upper half of a 64-bit constant. */
  readonly upper: number;
  readonly reference: Reference | null;
}

export type Sections = ReadonlyMap<string, readonly Instruction[]>;

export interface Linked {
  readonly sections: Sections;
  /** Bytes of data sections, as they were before anything was set. */
  readonly data: ReadonlyMap<string, Uint8Array>;
  /** Its global variables. */
  readonly objects: readonly ElfSymbol[];
  /** Where a function begins, by its name. */
  readonly functions: ReadonlyMap<string, Reference>;
}

const BYTES = 8;
const SYMBOL_BYTES = 24;
const RELOCATION_BYTES = 16;
const FUNCTION = 2;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

interface Symbol extends Reference {
  readonly type: number;
}

function symbolsOf(table: Uint8Array, strings: Uint8Array, names: readonly string[]): Symbol[] {
  const view = viewOf(table);
  return Array.from({ length: table.length / SYMBOL_BYTES }, (_, index) => {
    const at = index * SYMBOL_BYTES;
    const name = view.getUint32(at, true);
    return {
      name: Buffer.from(strings.subarray(name, strings.indexOf(0, name))).toString("utf8"),
      type: view.getUint8(at + 4) & 15,
      section: names[view.getUint16(at + 6, true)] ?? "",
      offset: Number(view.getBigUint64(at + 8, true)),
    };
  });
}

function instructionsOf(code: Uint8Array, relocations: Uint8Array, symbols: readonly Symbol[]): Instruction[] {
  const references = new Map<number, Reference>();
  const table = viewOf(relocations);
  for (let at = 0; at < relocations.length; at += RELOCATION_BYTES) {
    const symbol = symbols[table.getUint32(at + 12, true)];
    if (symbol !== undefined) references.set(Number(table.getBigUint64(at, true)) / BYTES, symbol);
  }
  const view = viewOf(code);
  return Array.from({ length: code.length / BYTES }, (_, index) => {
    const at = index * BYTES;
    return {
      code: view.getUint8(at),
      to: view.getUint8(at + 1) & 15,
      from: view.getUint8(at + 1) >> 4,
      offset: view.getInt16(at + 2, true),
      immediate: view.getInt32(at + 4, true),
      upper: at + 16 <= code.length ? view.getInt32(at + 12, true) : 0,
      reference: references.get(index) ?? null,
    };
  });
}

export function linked(object: Uint8Array): Linked {
  const { sections, objects } = readElf(object);
  const bytes = (name: string): Uint8Array => sections.get(name)?.bytes ?? new Uint8Array(0);
  const symbols = symbolsOf(bytes(".symtab"), bytes(".strtab"), [...sections.keys()]);
  const functions = symbols.filter(({ type }) => type === FUNCTION);
  const code = new Set(functions.map(({ section }) => section));
  return {
    sections: new Map(
      [...code].map((name) => [name, instructionsOf(bytes(name), bytes(`.rel${name}`), symbols)] as const),
    ),
    data: new Map([...sections].map(([name, section]) => [name, section.bytes])),
    objects,
    functions: new Map(functions.map((symbol) => [symbol.name, symbol])),
  };
}
