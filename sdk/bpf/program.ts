import { compiledOnly } from "../compiled.ts";
import type { Layout, u32 } from "../layout/layouts.ts";
import type { ProgramArray } from "../maps/maps.ts";
import type { Frame } from "./frame.ts";

/** What XDP does with a packet (`enum xdp_action` of linux/bpf.h). */
export const Action = { Aborted: 0, Drop: 1, Pass: 2, Transmit: 3, Redirect: 4 } as const;
export type Action = u32;

declare const program_: unique symbol;
export interface Program {
  readonly [program_]: true;
}

export interface ProgramOptions {
  /** Where the kernel runs it, "xdp" unless told. */
  readonly kind?: "xdp" | "devmap" | "cpumap";
  /** The place in a jump table (`map.programs`) that the program is put in when it is loaded. */
  readonly slot?: { readonly table: ProgramArray; readonly index: u32 };
}
/** An XDP program. */
export const program = (_name: string, _run: (frame: Frame) => Action, _options?: ProgramOptions): Program =>
  compiledOnly("program");

/**
 * A function compiled once and called, not inlined. Parameters and result are scalars with declared types. `verified`: the
 * kernel's verifier follows it at every call, "inCalls", unless told; "alone" it is read once, whatever it is called with,
 * and nothing is known of its result: for loops that would be followed too often.
 */
export const subprogram = <F extends (...values: never[]) => unknown>(
  _name: string,
  _run: F,
  _options?: { readonly verified?: "inCalls" | "alone" },
): F => compiledOnly("subprogram");

/** A value in `.rodata`: the loader may set it before loading, and the verifier then knows it. */
export const constant = <V>(_of: Layout<V>, _initial: V): { readonly value: V } => compiledOnly("constant");

/** A value in `.data`, shared by all CPUs, readable and writable from user space. */
export const variable = <V>(_of: Layout<V>, _initial: V): { value: V } => compiledOnly("variable");

/** Zeroed stack memory laid out as told; a live view. */
export const local = <V>(_of: Layout<V>): V => compiledOnly("local");
