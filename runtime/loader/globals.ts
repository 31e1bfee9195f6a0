/** Global data of a loaded object: reads .rodata, .data and .bss; writes .data and .bss while programs run. */
import { decode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import { globalBytes, globalSymbols } from "./constants.ts";
import type { ElfSymbol } from "./elf.ts";
import { library, type Pointer } from "./library.ts";
import type { MapHandle } from "./map-handle.ts";
import { named, type OpenObject } from "./object.ts";
import { failure, kernelRefused, valueDoesNotFit } from "./problems.ts";

const READ = 1;
const READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

export interface Globals {
  readonly names: readonly string[];
  /** The value by its layout in the manifest, or its bytes. @throws ZT4015 for an unknown name. */
  read(name: string): unknown;
  /** A copy of its bytes. @throws as `read`. */
  readBytes(name: string): Uint8Array;
  /** @throws ZT4016 for a constant, or a value that does not fit. */
  write(name: string, value: unknown): void;
  /** Writes bytes from `offset` on and leaves the rest; programs may see them one by one. @throws as `write`, RangeError beyond its end. */
  writeBytes(name: string, offset: number, bytes: Uint8Array): void;
  /** One 32-bit store at an aligned offset: programs see the old number or the new one, and what was written before it. */
  storeWord(name: string, offset: number, value: number): void;
}

interface Mapping {
  readonly pointer: Pointer;
  readonly bytes: Uint8Array;
}

/** `close` unmaps; values are always copied in and out, so that no view outlives the mapping. */
export function openGlobals(
  object: OpenObject,
  maps: readonly MapHandle[],
  layouts: ReadonlyMap<string, LayoutData>,
): Globals & { close(): void } {
  const { libc, koffi, errno } = library();
  const symbols = globalSymbols(object);
  const mappings = new Map<string, Mapping>();

  const mapping = (section: string): Uint8Array => {
    const known = mappings.get(section);
    if (known !== undefined) return known.bytes;
    const handle = maps.find((map) => map.name.endsWith(section));
    if (handle === undefined) throw new Error(`The loaded object has no map for ${section}.`);
    const protection = section.startsWith(".rodata") ? READ : READ_WRITE;
    const pointer = libc.mmap(null, handle.valueSize, protection, MAP_SHARED, handle.fd, 0);
    if (BigInt.asUintN(64, pointer) === MAP_FAILED)
      throw failure(kernelRefused(null, `map ${section} into memory`, `errno ${errno()}`));
    const bytes = new Uint8Array(koffi.view(pointer, handle.valueSize));
    mappings.set(section, { pointer, bytes });
    return bytes;
  };
  const place = (symbol: ElfSymbol): Uint8Array =>
    mapping(symbol.section).subarray(symbol.offset, symbol.offset + symbol.size);

  const readBytes = (name: string): Uint8Array => Uint8Array.from(place(named("global", name, symbols)));
  const writable = (name: string): ElfSymbol => {
    const symbol = named("global", name, symbols);
    if (symbol.section.startsWith(".rodata"))
      throw failure(valueDoesNotFit(null, `global '${name}'`, "it is a constant, set before loading"));
    return symbol;
  };

  return {
    names: symbols.map((symbol) => symbol.name),
    read(name) {
      const bytes = readBytes(name);
      const layout = layouts.get(name);
      return layout === undefined ? bytes : decode(layout, bytes);
    },
    readBytes,
    write(name, value) {
      const symbol = writable(name);
      place(symbol).set(globalBytes(symbol, value, layouts.get(name)));
    },
    writeBytes(name, offset, bytes) {
      place(writable(name)).set(bytes, offset);
    },
    storeWord(name, offset, value) {
      const bytes = place(writable(name));
      // A view of four bytes more at an unaligned place, or beyond the end, throws here.
      const word = new Uint32Array(bytes.buffer, bytes.byteOffset + offset, 1);
      Atomics.store(word, 0, value);
    },
    close() {
      for (const { pointer, bytes } of mappings.values()) libc.munmap(pointer, bytes.length);
      mappings.clear();
    },
  };
}
