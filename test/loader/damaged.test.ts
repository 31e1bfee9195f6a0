/**
 * Objects whose tables lead astray: libbpf follows them, and takes the process along. Each damage here was found by changing objects
 * at random until it did, or is a neighbour of one that was.
 */
import { expect, test } from "vitest";
import { readBtf } from "../../runtime/loader/btf.ts";
import { readElf } from "../../runtime/loader/elf.ts";
import { SECTION_TYPE } from "../../runtime/loader/elf-shape.ts";
import { openLibrary } from "../../runtime/loader/library.ts";
import { load } from "../../runtime/loader/load.ts";
import { openObject } from "../../runtime/loader/object.ts";
import { fixture } from "./fixtures.ts";

/** Fields of a section's header, by their offset in it. */
const FIELD = { name: 0, type: 4, size: 32, link: 40, info: 44, entrySize: 56 } as const;
const MUCH = 0x7fff_ffff;

interface Copy {
  readonly bytes: Buffer;
  /** Where the header of the first section of a type begins. */
  header(type: number): number;
  /** Where the content begins of the first section of a type. */
  content(type: number): number;
  /** Where the nth BTF type of a kind begins. */
  type(kind: number): number;
}

function copyOf(good: Uint8Array): Copy {
  const bytes = Buffer.from(good);
  const start = Number(bytes.readBigUInt64LE(40));
  const header = (type: number): number => {
    for (let at = start; at < start + 64 * bytes.readUInt16LE(60); at += 64)
      if (bytes.readUInt32LE(at + FIELD.type) === type) return at;
    throw new Error(`no section of type ${type}`);
  };
  const content = (type: number): number => Number(bytes.readBigUInt64LE(header(type) + 24));
  const section = readElf(bytes).sections.get(".BTF")?.bytes ?? new Uint8Array(0);
  const btf = readBtf(section);
  return {
    bytes,
    header,
    content,
    type(kind) {
      const found = btf?.types.find((one) => one.kind === kind);
      if (found === undefined) throw new Error(`no type of kind ${kind}`);
      return section.byteOffset - bytes.byteOffset + found.body - 12;
    },
  };
}

const { symbols, strings, relocations, noBits, none, bits } = SECTION_TYPE;
const inHeader =
  (type: number, field: number, value: number) =>
  ({ bytes, header }: Copy): void =>
    void bytes.writeUInt32LE(value, header(type) + field);
const inContent =
  (type: number, at: number, value: number) =>
  ({ bytes, content }: Copy): void =>
    void bytes.writeUInt32LE(value >>> 0, content(type) + at);
const inType =
  (kind: number, at: number, value: number) =>
  ({ bytes, type }: Copy): void =>
    void bytes.writeUInt32LE(value, type(kind) + at);
const [POINTER, ARRAY, STRUCT, TYPEDEF, FUNCTION_PROTO, VARIABLE] = [2, 3, 4, 8, 13, 14];

test.each<[string, (copy: Copy) => void, RegExp]>([
  ["names of sections in a table that is not there", ({ bytes }) => bytes.writeUInt16LE(999, 62), /no section names/],
  ["section headers of another size", ({ bytes }) => bytes.writeUInt16LE(40, 58), /headers are not of their size/],
  ["a section's name beyond the names", inHeader(bits, FIELD.name, MUCH), /section's name is outside/],
  ["a section without a type", inHeader(bits, FIELD.type, none), /no type/],
  ["symbols whose names are no strings", inHeader(symbols, FIELD.link, 0), /symbols have no names/],
  ["symbols of another size", inHeader(symbols, FIELD.entrySize, 0), /symbols are not of their size/],
  ["no symbols", inHeader(symbols, FIELD.type, bits), /name no table of symbols/],
  ["a symbol's name beyond the names", inContent(symbols, 24, MUCH), /symbol's name is outside/],
  ["a symbol of a section that is not there", inContent(symbols, 24 + 4, 0x0999_0000), /symbol is in a section/],
  [
    "names without an end",
    ({ bytes, header, content }) =>
      bytes.writeUInt8(65, content(strings) + bytes.readUInt32LE(header(strings) + FIELD.size) - 1),
    /no section names/,
  ],
  ["relocations for no section", inHeader(relocations, FIELD.info, 999), /for a section that is not there/],
  ["relocations by other symbols", inHeader(relocations, FIELD.link, 1), /name no table of symbols/],
  ["relocations of another size", inHeader(relocations, FIELD.entrySize, 24), /relocations are not of their size/],
  ["a relocation of a symbol that is not there", inContent(relocations, 12, MUCH), /symbol that is not there/],
  ["a relocation beyond its section", inContent(relocations, 0, MUCH), /relocation is outside/],
  ["a symbol table without bits", inHeader(symbols, FIELD.type, noBits), /name no table of symbols/],
  ["a pointer to no type", inType(POINTER, 8, MUCH), /refers to one that is not there/],
  ["an array of no type", inType(ARRAY, 12, MUCH), /refers to one that is not there/],
  ["a member of no type", inType(STRUCT, 12 + 4, MUCH), /refers to one that is not there/],
  ["a parameter of no type", inType(FUNCTION_PROTO, 12 + 4, MUCH), /refers to one that is not there/],
  ["a type that has no name", inType(VARIABLE, 0, MUCH), /type's name is outside/],
  ["more members than there are bytes", inType(STRUCT, 4, 0x0400_ffff), /./],
  ["a kind that is none", inType(TYPEDEF, 4, 0x1f00_0000), /of kind 31/],
  [
    "a type that stands for itself",
    (copy) => {
      const type = copy.type(TYPEDEF);
      const { types } = readBtf(readElf(copy.bytes).sections.get(".BTF")?.bytes ?? new Uint8Array(0)) ?? { types: [] };
      copy.bytes.writeUInt32LE(
        types.findIndex(({ kind }) => kind === TYPEDEF),
        type + 8,
      );
    },
    /made of itself/,
  ],
])("%s is refused, and nobody falls over it", async (_, damage, reason) => {
  const copy = copyOf(fixture("maps"));
  damage(copy);
  await expect(load(copy.bytes)).rejects.toMatchObject({ code: "ZT4008", message: expect.stringMatching(reason) });
});

test("objects of clang, with all that it says for debuggers, are whole", async () => {
  await openLibrary();
  for (const name of ["maps", "globals", "events", "jumps", "pass", "shared"]) openObject(fixture(name), name).close();
});
