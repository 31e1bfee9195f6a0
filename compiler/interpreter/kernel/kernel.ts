/**
 * What one node's kernel holds around its programs: the packet being processed, time, random numbers, the CPU, the
 * routing table, the log. Programs of several modules that run on one node share it, as tail calls between them need.
 */
import { InterpreterFault } from "../fault.ts";
import type { MapBase, ProgramReference } from "../maps/map.ts";
import type { RingRecord } from "../maps/ring-buffer.ts";
import { type ClockName, type Now, readClock } from "./clock.ts";
import { Frame } from "./frame.ts";
import { type Random, seededRandom } from "./random.ts";
import { formatTrace } from "./trace.ts";

/**
 * bpf_fib_lookup. `parameters` is the program's `struct bpf_fib_lookup`, 64 bytes, to be read and filled in;
 * the result is one of BPF_FIB_LKUP_RET_* or a negative errno.
 */
export type FibLookup = (parameters: Uint8Array, flags: number) => number;

/** Where a packet with action XDP_REDIRECT goes. */
export type Redirect =
  | { readonly kind: "interface"; readonly interface: number }
  | {
      readonly kind: "map";
      readonly map: string;
      readonly key: number;
      readonly value: Uint8Array | null;
      readonly flags: number;
    };

export interface KernelOptions {
  /** All clocks stand at 0 unless told. */
  readonly now?: Now;
  /** A seed or a generator of u32 values; seed 0 unless told. */
  readonly random?: number | Random;
  /** CPU the programs run on; 0 unless told. May be changed between runs. */
  readonly cpu?: number;
  /** Possible CPUs, which per-CPU maps have values for; 1 unless told. */
  readonly cpus?: number;
  /** Without it every look-up gives BPF_FIB_LKUP_RET_NOT_FWDED. */
  readonly fib?: FibLookup;
  /** Interfaces that a devmap may name; any unless told. */
  readonly interfaces?: ReadonlySet<number>;
  /** Lines of the trace log that are kept; older ones are dropped. 1 000 unless told. */
  readonly logLines?: number;
}

/** BPF_FIB_LKUP_RET_NOT_FWDED: the packet is not forwarded by this host. */
const NOT_FORWARDED = 4;
const FIB_PARAMETERS = 64;
export const XDP_ABORTED = 0;
export const XDP_REDIRECT = 4;
/** MAX_TAIL_CALL_CNT. */
const TAIL_CALLS = 33;

export class Kernel {
  readonly packet = new Frame();
  readonly cpus: number;
  readonly now: Now;
  readonly random: Random;
  readonly fib: FibLookup;
  readonly logLines: number;
  readonly interfaces: ReadonlySet<number> | null;
  /** Ring-buffer records that programs have reserved and not yet handed on. */
  readonly reserved = new Map<DataView, RingRecord>();
  cpu: number;
  log: string[] = [];
  redirect: Redirect | null = null;
  tailCalls = 0;
  ingressInterface = 1;
  queue = 0;
  egressInterface = 0;

  constructor(options: KernelOptions = {}) {
    this.now = options.now ?? (() => 0n);
    this.random = typeof options.random === "function" ? options.random : seededRandom(options.random ?? 0);
    this.cpu = options.cpu ?? 0;
    this.cpus = options.cpus ?? 1;
    this.fib = options.fib ?? (() => NOT_FORWARDED);
    this.interfaces = options.interfaces ?? null;
    this.logLines = options.logLines ?? 1000;
  }

  hasInterface(index: number): boolean {
    return this.interfaces === null || this.interfaces.has(index);
  }

  time(clock: ClockName): bigint {
    return readClock(this.now, clock);
  }

  trace(format: string, values: readonly bigint[]): void {
    this.log.push(formatTrace(format, values));
    if (this.log.length > this.logLines) this.log.splice(0, this.log.length - this.logLines);
  }

  /** bpf_redirect. Any flag is refused, and the interface is not looked at before the packet leaves. */
  redirectInterface(target: number, flags: number): number {
    if (flags !== 0) return XDP_ABORTED;
    this.redirect = { kind: "interface", interface: target };
    return XDP_REDIRECT;
  }

  fibLookup(view: DataView, at: number, flags: number): number {
    if (at + FIB_PARAMETERS > view.byteLength) throw new RangeError("struct bpf_fib_lookup needs 64 bytes");
    return this.fib(new Uint8Array(view.buffer, view.byteOffset + at, FIB_PARAMETERS), flags);
  }

  /** bpf_ringbuf_submit and bpf_ringbuf_discard. */
  finish(view: DataView | null, state: "ready" | "discarded"): void {
    const record = view === null ? undefined : this.reserved.get(view);
    if (view === null || record === undefined)
      throw new InterpreterFault("a record was handed on that is not reserved");
    record.state = state;
    this.reserved.delete(view);
  }

  /** The program that a tail call goes to, or null when it falls through. Empty slots do not count. */
  jump(table: MapBase, index: number): ProgramReference | null {
    const program = table.program(index);
    if (program === null || this.tailCalls >= TAIL_CALLS) return null;
    this.tailCalls++;
    return program;
  }
}
