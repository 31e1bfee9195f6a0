/**
 * What libbpf takes for granted of an object's tables, and reads outside of them where it is not so: names that end, entries of
 * their size, links to what they should be, symbols and relocations of places that are there. A damaged object must be refused, and
 * not take along the process that looks at it, with all that it serves.
 */
export const SECTION_TYPE = { none: 0, bits: 1, symbols: 2, strings: 3, noBits: 8, relocations: 9 } as const;

export const SYMBOL_BYTES = 24;
const RELOCATION_BYTES = 16;
/** Section numbers from here on are none: SHN_LORESERVE. */
const RESERVED = 0xff00;

export interface SectionHeader {
  /** Where its name begins among the sections' names. */
  readonly name: number;
  readonly type: number;
  readonly link: number;
  readonly info: number;
  readonly entrySize: number;
  readonly size: number;
  /** Empty for one without bits. */
  readonly bytes: Uint8Array;
}

const viewOf = ({ bytes }: SectionHeader): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The strings that a header links to, which must end. */
function stringsOf(headers: readonly SectionHeader[], index: number): Uint8Array | null {
  const found = headers[index];
  return found?.type === SECTION_TYPE.strings && found.bytes.at(-1) === 0 ? found.bytes : null;
}

function* symbolFaults(table: SectionHeader, headers: readonly SectionHeader[]): Generator<string> {
  const strings = stringsOf(headers, table.link);
  if (strings === null) yield "its symbols have no names";
  if (table.entrySize !== SYMBOL_BYTES || table.size % SYMBOL_BYTES !== 0) yield "its symbols are not of their size";
  const view = viewOf(table);
  for (let at = 0; at + SYMBOL_BYTES <= view.byteLength; at += SYMBOL_BYTES) {
    if (view.getUint32(at, true) >= (strings?.length ?? 0)) yield "a symbol's name is outside the names";
    const section = view.getUint16(at + 6, true);
    if (section >= headers.length && section < RESERVED) yield "a symbol is in a section that is not there";
  }
}

function* relocationFaults(
  table: SectionHeader,
  headers: readonly SectionHeader[],
  symbols: SectionHeader | undefined,
): Generator<string> {
  const target = headers[table.info];
  if (target === undefined || table.info === 0) yield "relocations are for a section that is not there";
  if (symbols === undefined || headers[table.link] !== symbols) yield "relocations name no table of symbols";
  if (table.entrySize !== RELOCATION_BYTES || table.size % RELOCATION_BYTES !== 0)
    yield "relocations are not of their size";
  const view = viewOf(table);
  const count = (symbols?.size ?? 0) / SYMBOL_BYTES;
  for (let at = 0; at + RELOCATION_BYTES <= view.byteLength; at += RELOCATION_BYTES) {
    if (view.getUint32(at + 12, true) >= count) yield "a relocation names a symbol that is not there";
    if (view.getBigUint64(at, true) >= BigInt(target?.size ?? 0)) yield "a relocation is outside its section";
  }
}

function* faults(headers: readonly SectionHeader[], namesAt: number): Generator<string> {
  const names = stringsOf(headers, namesAt);
  if (names === null) yield "it has no section names";
  const tables = headers.filter(({ type }) => type === SECTION_TYPE.symbols);
  if (tables.length > 1) yield "it has two tables of symbols";
  for (const [index, header] of headers.entries()) {
    if (header.name >= (names?.length ?? 0)) yield "a section's name is outside the names";
    // The first is none by the format's own rule, and no other may be: libbpf asks each for its bytes.
    if ((header.type === SECTION_TYPE.none) !== (index === 0)) yield "a section has no type";
    if (header.type === SECTION_TYPE.symbols) yield* symbolFaults(header, headers);
    if (header.type === SECTION_TYPE.relocations) yield* relocationFaults(header, headers, tables[0]);
  }
}

/** What is wrong with the tables, or null. */
export function faultOfTables(headers: readonly SectionHeader[], namesAt: number): string | null {
  const [first] = faults(headers, namesAt);
  return first ?? null;
}
