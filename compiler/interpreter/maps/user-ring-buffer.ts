/** User ring buffer: user space produces records, programs drain them. */
import { roundUp } from "../../../sdk/layout/data.ts";
import { E2BIG, ENOSPC } from "../kernel/errno.ts";
import { copyBytes, viewOf, zeroBytes } from "../kernel/memory.ts";
import { MapBase } from "./map.ts";

const HEADER = 8;

export class UserRingBufferMap extends MapBase {
  readonly #records: Uint8Array[] = [];
  #taken = 0;

  override produce(record: Uint8Array): number {
    const room = roundUp(record.length + HEADER, 8);
    if (room > this.data.maxEntries) return -E2BIG;
    if (this.#taken + room > this.data.maxEntries) return -ENOSPC;
    this.#taken += room;
    this.#records.push(record.slice());
    return 0;
  }

  /**
   * Takes the oldest record into `view`, and gives its length, or -1 when there is none. Of a longer record the view
   * holds the start; for a shorter one it holds zeros, since bpf_dynptr_read then reads nothing.
   */
  override drain(view: DataView): number {
    const record = this.#records.shift();
    if (record === undefined) return -1;
    this.#taken -= roundUp(record.length + HEADER, 8);
    if (record.length < view.byteLength) zeroBytes(view, 0, view.byteLength);
    else copyBytes(view, 0, viewOf(record), 0, view.byteLength);
    return record.length;
  }

  /** Records not yet drained, oldest first, with empty keys. */
  override entries(): [Uint8Array, Uint8Array][] {
    return this.#records.map((record) => [new Uint8Array(0), record.slice()]);
  }
}
