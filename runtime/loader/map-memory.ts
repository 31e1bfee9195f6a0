/** Arrays that were declared `mapped`: their values as memory of this process, shared with the programs. */
import { roundUp } from "../../sdk/layout/data.ts";
import { library } from "./library.ts";
import type { MapHandle } from "./map-handle.ts";
import { failure, kernelRefused } from "./problems.ts";

const READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

export interface MapMemory extends Disposable {
  /** All values, one after the other, each rounded up to eight bytes. Live: programs change them. */
  readonly bytes: Uint8Array;
  /** One 32-bit store at a multiple of four: programs see the old number or the new one. */
  store(offset: number, value: number): void;
}

/** Dispose of it before the map's handle is closed. @throws ZT4013 when the kernel does not map it. */
export function openMemory(map: MapHandle): MapMemory {
  const { libc, koffi, errno } = library();
  const size = roundUp(map.valueSize, 8) * map.maxEntries;
  const pointer = libc.mmap(null, size, READ_WRITE, MAP_SHARED, map.fd, 0);
  if (BigInt.asUintN(64, pointer) === MAP_FAILED)
    throw failure(kernelRefused(null, `map '${map.name}' into memory`, `errno ${errno()}`));
  const bytes = new Uint8Array(koffi.view(pointer, size));
  return {
    bytes,
    store(offset, value) {
      Atomics.store(new Uint32Array(bytes.buffer, bytes.byteOffset + offset, 1), 0, value);
    },
    [Symbol.dispose]: () => void libc.munmap(pointer, size),
  };
}
