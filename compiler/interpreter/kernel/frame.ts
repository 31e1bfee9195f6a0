/**
 * The memory around a packet, as BPF_PROG_TEST_RUN lays it out: one page that begins with headroom and ends with the
 * `skb_shared_info` that no program may grow into. One frame serves all packets of a node, one after the other.
 */
import { EFAULT, EINVAL } from "./errno.ts";
import { copyBytes, viewOf, zeroBytes } from "./memory.ts";

const PAGE = 4096;
/** XDP_PACKET_HEADROOM. */
export const HEADROOM = 256;
/** sizeof(struct skb_shared_info), rounded up to a cache line. */
const TAIL = 320;
/** The kernel keeps its own `struct xdp_frame` at the start of the headroom. */
const FRAME_HEADER = 40;
/** ETH_HLEN: adjustments never leave less than an Ethernet header. */
const LEAST = 14;
const FARTHEST = 0xffff;

/** Places in the frame are offsets from its start, never from the packet's: they are what `packet` values hold. */
export class Frame {
  readonly bytes = new Uint8Array(PAGE);
  readonly view = viewOf(this.bytes);
  /** First byte of the packet, and the first one after it. */
  start = HEADROOM;
  end = HEADROOM;

  /** Longest packet that fits behind `headroom` bytes. */
  static longest(headroom = HEADROOM): number {
    return PAGE - TAIL - headroom;
  }

  /** @throws RangeError when the packet is longer than a frame holds. */
  set(packet: Uint8Array, headroom: number): void {
    if (packet.length > Frame.longest(headroom)) {
      throw new RangeError(
        `A packet of ${packet.length} bytes does not fit a frame: ${Frame.longest(headroom)} is the most.`,
      );
    }
    // An earlier packet may have grown into the room that this one finds empty.
    this.bytes.fill(0, 0, headroom);
    this.bytes.set(packet, headroom);
    this.start = headroom;
    this.end = headroom + packet.length;
  }

  copy(): Uint8Array {
    return this.bytes.slice(this.start, this.end);
  }

  /** bpf_xdp_adjust_head: a negative delta makes room. What stands there is what stood there before. */
  adjustHead(delta: number): number {
    const start = this.start + delta;
    if (start < FRAME_HEADER || start > this.end - LEAST) return -EINVAL;
    this.start = start;
    return 0;
  }

  /** bpf_xdp_adjust_tail: a positive delta appends zeros. */
  adjustTail(delta: number): number {
    const end = this.end + delta;
    if (end > PAGE - TAIL || end < this.start + LEAST) return -EINVAL;
    if (delta > 0) zeroBytes(this.view, this.end, delta);
    this.end = end;
    return 0;
  }

  #refusal(offset: number, bytes: number): number {
    if (offset > FARTHEST || bytes > FARTHEST) return EFAULT;
    return this.start + offset + bytes > this.end ? EINVAL : 0;
  }

  /** bpf_xdp_load_bytes. */
  read(offset: number, to: DataView, toAt: number, bytes: number): number {
    const refusal = this.#refusal(offset, bytes);
    if (refusal !== 0) return -refusal;
    copyBytes(to, toAt, this.view, this.start + offset, bytes);
    return 0;
  }

  /** bpf_xdp_store_bytes. */
  write(offset: number, from: DataView, fromAt: number, bytes: number): number {
    const refusal = this.#refusal(offset, bytes);
    if (refusal !== 0) return -refusal;
    copyBytes(this.view, this.start + offset, from, fromAt, bytes);
    return 0;
  }
}
