/** Ring buffer: programs reserve and submit records, user space takes them in the order of reservation. */
import { roundUp } from "../../../sdk/layout/data.ts";
import { EAGAIN, EINVAL } from "../kernel/errno.ts";
import { copyBytes, snapshot } from "../kernel/memory.ts";
import { MapBase } from "./map.ts";

/** BPF_RINGBUF_HDR_SZ, before each record. */
const HEADER = 8;
/** BPF_RB_NO_WAKEUP and BPF_RB_FORCE_WAKEUP. */
const WAKE_UP_FLAGS = 3;

/** A record's life; user space stops at the first one that is still being written. */
export interface RingRecord {
  readonly view: DataView;
  /** Bytes of the buffer it takes until user space has passed it. */
  readonly room: number;
  state: "writing" | "ready" | "discarded";
}

export class RingBufferMap extends MapBase {
  #records: RingRecord[] = [];
  #taken = 0;

  override reserve(bytes: number): DataView | null {
    const record = this.#append(bytes);
    if (record === null) return null;
    this.kernel.reserved.set(record.view, record);
    return record.view;
  }

  #append(bytes: number): RingRecord | null {
    const room = roundUp(bytes + HEADER, 8);
    // The kernel compares with size - 1: the buffer is never filled to the last byte.
    if (this.#taken + room > this.data.maxEntries - 1) return null;
    const record: RingRecord = { view: new DataView(new ArrayBuffer(bytes)), room, state: "writing" };
    this.#taken += room;
    this.#records.push(record);
    return record;
  }

  override output(data: DataView, at: number, bytes: number, flags: number): number {
    if ((flags & ~WAKE_UP_FLAGS) !== 0) return -EINVAL;
    const record = this.#append(bytes);
    if (record === null) return -EAGAIN;
    copyBytes(record.view, 0, data, at, bytes);
    record.state = "ready";
    return 0;
  }

  override records(): Uint8Array[] {
    const ready: Uint8Array[] = [];
    let passed = 0;
    for (const record of this.#records) {
      if (record.state === "writing") break;
      if (record.state === "ready") ready.push(snapshot(record.view, 0, record.view.byteLength));
      this.#taken -= record.room;
      passed++;
    }
    this.#records = this.#records.slice(passed);
    return ready;
  }

  /** Ring buffers have no entries; `records` takes what they hold. */
  override entries(): [Uint8Array, Uint8Array][] {
    return [];
  }
}
