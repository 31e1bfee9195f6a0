/** Writes to a user ring buffer: records that a program drains with bpf_user_ringbuf_drain. */
import { kernelProblem } from "./errno.ts";
import { library } from "./library.ts";
import type { MapHandle } from "./map-handle.ts";
import { failure } from "./problems.ts";

export interface RingWriter {
  /** Hands over one record; false when there is no room until a program drains some. */
  submit(record: Uint8Array): boolean;
  close(): void;
}

/** Opens a user ring buffer for writing. */
export function writeRing(map: MapHandle): RingWriter {
  const { bpf, koffi, errno } = library();
  const ring = bpf.user_ring_buffer__new(map.fd, null);
  if (ring === null) throw failure(kernelProblem(`write map '${map.name}' as a user ring buffer`, errno()));
  let open = true;
  return {
    submit(record) {
      if (!open) throw new Error(`The writer of '${map.name}' is closed.`);
      const place = bpf.user_ring_buffer__reserve(ring, record.length);
      if (place === null) return false;
      new Uint8Array(koffi.view(place, record.length)).set(record);
      bpf.user_ring_buffer__submit(ring, place);
      return true;
    },
    close() {
      if (open) bpf.user_ring_buffer__free(ring);
      open = false;
    },
  };
}
