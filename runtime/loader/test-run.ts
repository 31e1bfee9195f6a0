/** BPF_PROG_TEST_RUN: runs a loaded program on a packet, without an interface. */
import { EINTR, kernelProblem } from "./errno.ts";
import { type Library, library } from "./library.ts";
import { failure } from "./problems.ts";
import type { LoadedProgram } from "./program.ts";
import { cStruct, options } from "./structs.ts";

/** Sends frames for real: XDP_TX and redirects leave by their interfaces (BPF_F_TEST_XDP_LIVE_FRAMES). */
export const LIVE_FRAMES = 2;

export interface TestRunOptions {
  /** At least 14 bytes: the kernel refuses less. */
  readonly packet: Uint8Array;
  /** The interface and receive queue that the program sees; the loopback's unless told. */
  readonly context?: { readonly interface: number; readonly queue?: number };
  /** Runs in a row, 1 unless told. The packet is not reset between them. */
  readonly repeat?: number;
  /** BPF_F_TEST_*; LIVE_FRAMES gives no packet back. */
  readonly flags?: number;
  /** Frames in flight at once, for LIVE_FRAMES: 1 to 256, 64 unless told. */
  readonly batch?: number;
}

export interface TestRunResult {
  /** What the program returned: an XDP action. */
  readonly action: number;
  /** The packet afterwards; empty for live frames. */
  readonly packet: Uint8Array;
  /** Time of one run, averaged over the repeats. */
  readonly nanoseconds: number;
}

const OPTIONS_BYTES = 80;
const XDP_MD_BYTES = 24;
/** A packet grows by adjusting head and tail, within its last page: the answer always has room. */
const GROWTH = 4096;

interface Request {
  readonly options: Buffer;
  readonly out: Buffer;
  /** Everything the kernel reads or writes by address, kept referenced during the call. */
  readonly keep: readonly Uint8Array[];
}

function request(run: TestRunOptions, address: Library["address"]): Request {
  const live = ((run.flags ?? 0) & LIVE_FRAMES) !== 0;
  const out = Buffer.alloc(live ? 0 : run.packet.length + GROWTH);
  const packet = Buffer.from(run.packet);
  const fields = options(OPTIONS_BYTES)
    .u64(8, address(packet))
    .u32(24, packet.length)
    .u32(60, run.repeat ?? 1)
    .u32(68, run.flags ?? 0)
    .u32(76, run.batch ?? 0);
  if (!live) fields.u64(16, address(out)).u32(28, out.length);
  const keep: Uint8Array[] = [packet, out];
  if (run.context !== undefined) {
    const context = cStruct(XDP_MD_BYTES)
      .u32(4, packet.length)
      .u32(12, run.context.interface)
      .u32(16, run.context.queue ?? 0).bytes;
    fields.u64(32, address(context)).u32(48, context.length);
    keep.push(context);
  }
  return { options: fields.bytes, out, keep };
}

function resultOf({ options: fields, out }: Request): TestRunResult {
  return {
    action: fields.readUInt32LE(56),
    packet: Uint8Array.prototype.slice.call(out, 0, fields.readUInt32LE(28)),
    nanoseconds: fields.readUInt32LE(64),
  };
}

const refuse = (program: LoadedProgram, result: number): never => {
  throw failure(kernelProblem(`run program '${program.name}' on a packet`, result));
};

/**
 * Runs a program here and now; meant for single packets and short repeats, since it blocks the event loop. A signal or an
 * event of this process's can cut repeats short; they are then begun again, so that a program may have run more often
 * than asked, never less. A single run is never cut short.
 * @throws ZT4017 when the kernel refuses the packet or the context, ZT4002 without the privilege.
 */
export function testRun(program: LoadedProgram, run: TestRunOptions): TestRunResult {
  const { bpf, address } = library();
  for (;;) {
    const asked = request(run, address);
    const result = bpf.bpf_prog_test_run_opts(program.fd, asked.options);
    if (result === -EINTR) continue;
    if (result < 0) refuse(program, result);
    return resultOf(asked);
  }
}

/** The same on a worker thread, for long repeats and live frames. */
export async function testRunAsync(program: LoadedProgram, run: TestRunOptions): Promise<TestRunResult> {
  const { async, address } = library();
  for (;;) {
    const asked = request(run, address);
    const result = await async("bpf_prog_test_run_opts", program.fd, asked.options);
    if (result === -EINTR) continue;
    if (result < 0) refuse(program, result);
    return resultOf(asked);
  }
}
