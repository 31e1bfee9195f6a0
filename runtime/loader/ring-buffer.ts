/**
 * Reads a BPF ring buffer (Documentation/bpf/ringbuf.rst) through its mapped pages. The kernel wakes us by the map's
 * descriptor; nothing polls by the clock.
 */
import { MAP_TYPE } from "../../sdk/maps/data.ts";
import { EINVAL, kernelProblem } from "./errno.ts";
import { library, type Pointer } from "./library.ts";
import type { MapHandle } from "./map-handle.ts";
import { failure } from "./problems.ts";

const READ = 1;
const READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const HEADER_BYTES = 8;
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const LENGTH = 0x3fff_ffff;
/** Records taken at once, so that a flood of them does not starve the event loop. */
const MOST_AT_ONCE = 4096;

export interface RingReader {
  /** Takes what is there, up to a few thousand records; each a copy. */
  take(): Uint8Array[];
  /** Resolves once there is something to take, or the reader is closed. Only one may wait. */
  ready(): Promise<void>;
  /** Bytes that programs have written and nobody has taken. */
  backlog(): number;
  close(): void;
}

interface Mapping {
  readonly pointer: Pointer;
  readonly size: number;
}

function mapPages(map: MapHandle, size: number, protection: number, offset: number): Mapping {
  const { libc, errno } = library();
  const pointer = libc.mmap(null, size, protection, MAP_SHARED, map.fd, offset);
  if (BigInt.asUintN(64, pointer) === MAP_FAILED)
    throw failure(kernelProblem(`map ring buffer '${map.name}' into memory`, errno()));
  return { pointer, size };
}

/** Both mappings: the consumer's page, writable; the producer's page and the data, which the kernel maps twice in a row. */
function mapRing(map: MapHandle): { readonly consumer: Mapping; readonly producer: Mapping } {
  const { libc } = library();
  const page = libc.getpagesize();
  const consumer = mapPages(map, page, READ_WRITE, 0);
  try {
    return { consumer, producer: mapPages(map, page + 2 * map.maxEntries, READ, page) };
  } catch (error) {
    libc.munmap(consumer.pointer, consumer.size);
    throw error;
  }
}

/** Opens a ring buffer for reading. It can have one reader at a time: readers share the consumer's position. */
export function readRing(map: MapHandle): RingReader {
  if (map.type !== MAP_TYPE.ringBuffer) throw failure(kernelProblem(`read map '${map.name}' as a ring buffer`, EINVAL));
  const { koffi, libc } = library();
  const { consumer, producer } = mapRing(map);
  const page = libc.getpagesize();
  const consumed = new BigUint64Array(koffi.view(consumer.pointer, 8));
  const producerBytes = koffi.view(producer.pointer, producer.size);
  const produced = new BigUint64Array(producerBytes, 0, 1);
  const headers = new Uint32Array(producerBytes, page);
  const data = new Uint8Array(producerBytes, page);
  const mask = BigInt(map.maxEntries - 1);
  let open = true;
  let wake: (() => void) | null = null;
  let poll: ReturnType<typeof koffi.node.poll> | null = null;

  const awake = (): void => {
    poll?.stop();
    wake?.();
    wake = null;
  };

  const take = (): Uint8Array[] => {
    const records: Uint8Array[] = [];
    let position = Atomics.load(consumed, 0);
    const end = Atomics.load(produced, 0);
    while (position < end && records.length < MOST_AT_ONCE) {
      const at = Number(position & mask);
      const header = Atomics.load(headers, at / 4);
      // Reserved and not yet submitted: what follows has to wait for it, and its submission will wake us.
      if ((header & BUSY) !== 0) break;
      const length = header & LENGTH;
      if ((header & DISCARDED) === 0) records.push(data.slice(at + HEADER_BYTES, at + HEADER_BYTES + length));
      position += BigInt((length + HEADER_BYTES + 7) & ~7);
      Atomics.store(consumed, 0, position);
    }
    return records;
  };

  return {
    take: () => (open ? take() : []),
    ready: () =>
      new Promise((resolve) => {
        if (!open) return resolve();
        wake = resolve;
        poll ??= koffi.node.poll(map.fd, { readable: true }, awake);
        poll.start({ readable: true }, awake);
      }),
    backlog: () => (open ? Number(Atomics.load(produced, 0) - Atomics.load(consumed, 0)) : 0),
    close() {
      if (!open) return;
      open = false;
      awake();
      poll?.close();
      libc.munmap(producer.pointer, producer.size);
      libc.munmap(consumer.pointer, consumer.size);
    },
  };
}
