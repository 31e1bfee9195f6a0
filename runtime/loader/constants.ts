/** Values of global data before load: patches of .rodata (constants from then on), .data and .bss by name. */
import { CodecError, encode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import type { ElfSymbol } from "./elf.ts";
import { library } from "./library.ts";
import { named, type OpenObject } from "./object.ts";
import { failure, valueDoesNotFit } from "./problems.ts";

const DATA_SECTION = /^\.(rodata|data|bss)(\.|$)/;

/** Global variables of an object, by name. */
export const globalSymbols = (of: Pick<OpenObject, "elf">): readonly ElfSymbol[] =>
  of.elf.objects.filter((symbol) => DATA_SECTION.test(symbol.section) && symbol.size > 0);

function integerBytes(name: string, value: bigint, size: number): Uint8Array {
  const bits = BigInt(size * 8);
  const fits = value >= -(1n << (bits - 1n)) && value < 1n << bits;
  if (size > 16 || !fits) throw failure(valueDoesNotFit(null, `global '${name}'`, `${value} in ${size} bytes`));
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) bytes[index] = Number((value >> BigInt(index * 8)) & 0xffn);
  return bytes;
}

/**
 * The bytes of a global's value: by its layout where one is known; otherwise bytes as they are, and whole numbers and
 * booleans in the variable's width, little-endian.
 * @throws ZT4016 when it does not fit.
 */
export function globalBytes(symbol: ElfSymbol, value: unknown, layout: LayoutData | undefined): Uint8Array {
  const what = `global '${symbol.name}'`;
  if (value instanceof Uint8Array) {
    if (value.length === symbol.size) return value;
    throw failure(valueDoesNotFit(null, what, `${value.length} bytes given, it has ${symbol.size}`));
  }
  if (layout !== undefined) {
    try {
      return encode(layout, value);
    } catch (cause) {
      if (!(cause instanceof CodecError)) throw cause;
      throw failure(valueDoesNotFit(null, what, cause.message), cause);
    }
  }
  if (typeof value === "boolean") return integerBytes(symbol.name, value ? 1n : 0n, symbol.size);
  if (typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value))) {
    return integerBytes(symbol.name, BigInt(value), symbol.size);
  }
  throw failure(valueDoesNotFit(null, what, "without a manifest it takes bytes, a whole number or a boolean"));
}

/** Writes constants into an opened object. @throws ZT4015 for a name it does not declare, ZT4016 for a bad value. */
export function patchGlobals(
  object: OpenObject,
  values: Readonly<Record<string, unknown>>,
  layouts: ReadonlyMap<string, LayoutData>,
): void {
  const { bpf, koffi } = library();
  for (const [name, value] of Object.entries(values)) {
    const symbol = named("global", name, globalSymbols(object));
    const map = object.maps.find((candidate) => candidate.internal && candidate.name.endsWith(symbol.section));
    const size = Buffer.alloc(8);
    const memory = map === undefined ? null : bpf.bpf_map__initial_value(map.pointer, size);
    if (memory === null) throw new Error(`libbpf made no map for ${symbol.section}.`);
    const bytes = globalBytes(symbol, value, layouts.get(name));
    new Uint8Array(koffi.view(memory, Number(size.readBigUInt64LE())), symbol.offset, symbol.size).set(bytes);
  }
}
