/**
 * The typed intermediate representation: what a checked program *means*. The front end makes it, the passes improve it,
 * the back ends turn it into LLVM, the reference interpreter turns it into JavaScript. Its meaning is defined here and
 * in docs/language.md; whatever a back end does differently is that back end's bug.
 *
 * Structured control flow, three-address code: every operation is a statement that names its result (a `Temp`, assigned
 * once), and operands are temps, variables or constants. Evaluation order is statement order.
 */
import type { LayoutData } from "../../sdk/layout/data.ts";
import type { MapData } from "../../sdk/maps/data.ts";

// ---------------------------------------------------------------- types

/** Values of arithmetic. u8/u16 exist as storage and conversion results; operators work at 32, 64 or 128 bits. */
export type Scalar = "bool" | "u8" | "u16" | "u32" | "u64" | "u128" | "i32" | "i64";

/**
 * `packet`: a place in the packet, dead after a successful head or tail adjustment.
 * `pointer`: a place in a map value, a local slot, a ring-buffer record or global data; may be null where an operation says so.
 * `map`: a map found in a map of maps, or null.
 */
export type IrType = Scalar | "packet" | "pointer" | "map";

export const BITS: Readonly<Record<Scalar, number>> = {
  bool: 1,
  u8: 8,
  u16: 16,
  u32: 32,
  u64: 64,
  u128: 128,
  i32: 32,
  i64: 64,
};
export const isSigned = (type: IrType): boolean => type === "i32" || type === "i64";

// ---------------------------------------------------------------- operands

export interface Constant {
  readonly kind: "constant";
  readonly type: Scalar;
  /** Always in the type's range: 0..2^bits-1, or two's-complement range for i32/i64; bool is 0n or 1n. */
  readonly value: bigint;
}
/** The null `pointer`, `packet` or `map`. */
export interface Null {
  readonly kind: "null";
  readonly type: "packet" | "pointer" | "map";
}
/** Assigned by exactly one statement, which dominates every use. */
export interface Temp {
  readonly kind: "temp";
  readonly id: number;
  readonly type: IrType;
  /** A name from the source, for readable dumps; need not be unique. */
  readonly name: string;
}
export type Operand = Constant | Null | Temp;

/** A mutable local. Its initial content is zero (or null). */
export interface Variable {
  readonly id: number;
  readonly type: IrType;
  readonly name: string;
}

/** Stack memory of one function: `size` bytes, 8-aligned, zero at function entry only if `zeroed`. */
export interface Slot {
  readonly id: number;
  readonly name: string;
  readonly layout: LayoutData;
}

/** One map of the module, or a map looked up in a map of maps (an operand of type `map`). */
export type MapOperand =
  | { readonly kind: "static"; readonly map: number }
  | { readonly kind: "dynamic"; readonly map: Operand; readonly shape: number };
// `shape` is the index in Module.maps of the outer map, whose `inner` describes the map found.

// ---------------------------------------------------------------- operations

/** `shr` is arithmetic on signed types; `div`/`rem` by zero give 0 / the dividend; MIN / -1 wraps; shift counts are modulo the width. */
export type BinaryOperator = "add" | "sub" | "mul" | "div" | "rem" | "and" | "or" | "xor" | "shl" | "shr";
export type CompareOperator = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
export type ByteOrder = "little" | "big";

export type Op =
  // ---- pure
  /** Both operands have type `type`: u32, u64, u128 (bit operators only), i32 or i64. bool takes and/or/xor. */
  | {
      readonly op: "binary";
      readonly operator: BinaryOperator;
      readonly type: Scalar;
      readonly a: Operand;
      readonly b: Operand;
    }
  /** Gives bool. Order is signed for i32/i64. Operands of type `type`, of the same type. */
  | {
      readonly op: "compare";
      readonly operator: CompareOperator;
      readonly type: Scalar;
      readonly a: Operand;
      readonly b: Operand;
    }
  | { readonly op: "not"; readonly a: Operand }
  /** Truncates, zero-extends (unsigned and bool source) or sign-extends (i32/i64 source). Same-width conversion reinterprets. */
  | { readonly op: "convert"; readonly from: Scalar; readonly to: Scalar; readonly a: Operand }
  /** Both are evaluated. Works for every IrType. */
  | {
      readonly op: "select";
      readonly type: IrType;
      readonly condition: Operand;
      readonly a: Operand;
      readonly b: Operand;
    }
  /** Byte swap of u16, u32 or u64. */
  | { readonly op: "swap"; readonly type: "u16" | "u32" | "u64"; readonly a: Operand }
  | { readonly op: "get"; readonly variable: number; readonly type: IrType }
  | { readonly op: "isNull"; readonly a: Operand }
  // ---- places
  /** `a` plus constant bytes; `a` is `packet` or `pointer` and not null. */
  | { readonly op: "offset"; readonly type: "packet" | "pointer"; readonly a: Operand; readonly bytes: number }
  /** `a` plus index * stride; the front end has proven index < count (u32). */
  | {
      readonly op: "element";
      readonly type: "packet" | "pointer";
      readonly a: Operand;
      readonly index: Operand;
      readonly stride: number;
      readonly count: number;
    }
  | { readonly op: "slot"; readonly slot: number }
  /** A place in global data (Module.globals). */
  | { readonly op: "global"; readonly global: number }
  // ---- packet
  /**
   * The place `offset` (u32) bytes into the packet. `max` is an upper bound the front end has proven for `offset`;
   * null when it has none. No access is allowed before a `packetFits` on this very result (or on an `offset` of it).
   */
  | { readonly op: "packetAt"; readonly offset: Operand; readonly max: number | null }
  /**
   * The place `by` (u32) bytes behind `a`, another place in the packet: what `packetAt` gives for the sum of their offsets,
   * which is at most 16 383. No access is allowed before a `packetFits` on this very result (or on an `offset` of it).
   */
  | { readonly op: "advance"; readonly a: Operand; readonly by: Operand }
  /**
   * True when `bytes` bytes from `place` lie inside the packet. Makes loads and stores of [place, place + bytes) legal
   * where it dominates with a true outcome. False too when place's offset exceeds 16 383 (no packet is longer).
   */
  | { readonly op: "packetFits"; readonly place: Operand; readonly bytes: number }
  /** Bytes in the packet, u32. */
  | { readonly op: "packetLength" }
  /** xdp_md: ingress interface index, receive queue, egress interface (devmap programs only); u32. */
  | { readonly op: "context"; readonly field: "ingressInterface" | "queue" | "egressInterface" }
  // ---- memory
  /** `bytes` is 1, 2, 4, 6 (→ u64), 8 or 16; the result is zero-extended to `type` (sign-extended for i32/i64). bool: byte != 0. */
  | {
      readonly op: "load";
      readonly type: Scalar;
      readonly bytes: number;
      readonly order: ByteOrder;
      readonly place: Operand;
      readonly offset: number;
      readonly align: number;
    }
  /** Read-modify-write of an aligned 32- or 64-bit word in a map value or global, sequentially consistent; gives the old value. `expected` only for compareExchange. */
  | {
      readonly op: "atomic";
      readonly operator: "add" | "and" | "or" | "xor" | "exchange" | "compareExchange";
      readonly type: "u32" | "u64";
      readonly place: Operand;
      readonly offset: number;
      readonly value: Operand;
      readonly expected: Operand | null;
      readonly resultUsed: boolean;
    }
  // ---- maps. Keys and values are places (`pointer`, or `packet` after a fits) with the map's key/value size, all padding zero.
  /** `pointer` to the live value, or null. Arrays: key is a u32 slot; null when out of range. Per-CPU: this CPU's value. */
  | { readonly op: "mapLookup"; readonly map: MapOperand; readonly key: Operand }
  /** Inner map of a map of maps: type `map`, may be null. */
  | { readonly op: "mapInner"; readonly map: MapOperand; readonly key: Operand }
  /** 0 or a negative errno as i64. flags: 0 any, 1 only new, 2 only existing. */
  | {
      readonly op: "mapUpdate";
      readonly map: MapOperand;
      readonly key: Operand;
      readonly value: Operand;
      readonly flags: Operand;
    }
  | { readonly op: "mapDelete"; readonly map: MapOperand; readonly key: Operand }
  /** Queue, stack, bloom. i64: 0 or negative errno. push flags: 2 = overwrite the oldest. Bloom: `peek` tests membership of the value in `value`. */
  | { readonly op: "mapPush"; readonly map: MapOperand; readonly value: Operand; readonly flags: Operand }
  | { readonly op: "mapPop"; readonly map: MapOperand; readonly value: Operand }
  | { readonly op: "mapPeek"; readonly map: MapOperand; readonly value: Operand }
  // ---- ring buffers
  /** A record of `bytes` bytes, or null when the buffer is full. Must reach ringSubmit or ringDiscard on every path. */
  | { readonly op: "ringReserve"; readonly map: MapOperand; readonly bytes: number }
  | { readonly op: "ringSubmit"; readonly record: Operand; readonly flags: Operand }
  | { readonly op: "ringDiscard"; readonly record: Operand; readonly flags: Operand }
  /** Copies `bytes` bytes; i64 0 or negative errno. */
  | {
      readonly op: "ringOutput";
      readonly map: MapOperand;
      readonly data: Operand;
      readonly bytes: number;
      readonly flags: Operand;
    }
  // ---- kernel
  /** i64: 0 or negative errno. All `packet` values are dead after success. */
  | { readonly op: "adjustHead"; readonly delta: Operand }
  | { readonly op: "adjustTail"; readonly delta: Operand }
  /** Copies `bytes` between the packet at `offset` (u32) and memory: bpf_xdp_load_bytes / store_bytes. i64 0 or -errno. Packet values stay alive. */
  | { readonly op: "packetRead"; readonly offset: Operand; readonly to: Operand; readonly bytes: number }
  | { readonly op: "packetWrite"; readonly offset: Operand; readonly from: Operand; readonly bytes: number }
  /** Nanoseconds, u64: bpf_ktime_get_ns, bpf_ktime_get_coarse_ns, bpf_ktime_get_boot_ns; jiffies64 gives ticks. */
  | { readonly op: "time"; readonly clock: "monotonic" | "coarse" | "boot" | "jiffies" }
  /** bpf_get_prandom_u32. */
  | { readonly op: "random" }
  /** bpf_get_smp_processor_id, u32. */
  | { readonly op: "cpu" }
  /** XDP action (u32) of bpf_redirect(interface, flags). */
  | { readonly op: "redirect"; readonly interface: Operand; readonly flags: Operand }
  /** XDP action (u32) of bpf_redirect_map(map, key, flags); a missing entry gives the low two bits of flags. */
  | { readonly op: "redirectMap"; readonly map: MapOperand; readonly key: Operand; readonly flags: Operand }
  /** Does not return when the slot holds a program; otherwise goes on. */
  | { readonly op: "tailCall"; readonly map: MapOperand; readonly index: Operand }
  /** bpf_fib_lookup on a `struct bpf_fib_lookup` of 64 bytes in memory; i64 result code. */
  | { readonly op: "fibLookup"; readonly parameters: Operand; readonly flags: Operand }
  /** bpf_csum_diff: one's-complement sum of `to` minus `from` plus seed; sizes multiples of 4; either may be null with size 0. i64. */
  | {
      readonly op: "checksumDiff";
      readonly from: Operand;
      readonly fromBytes: number;
      readonly to: Operand;
      readonly toBytes: number;
      readonly seed: Operand;
    }
  /** Memory of a spin lock; nothing but loads and stores may stand between. */
  | { readonly op: "lock"; readonly place: Operand; readonly offset: number }
  | { readonly op: "unlock"; readonly place: Operand; readonly offset: number }
  /** bpf_trace_printk; up to three 64-bit arguments. Goes nowhere a test can see but the kernel's trace pipe, and the interpreter's log. */
  | { readonly op: "log"; readonly format: string; readonly values: readonly Operand[] }
  /** Orders memory accesses for the compiler (not for the CPU). */
  | { readonly op: "barrier" }
  /** A call of another function of the module (Module.functions index). */
  | {
      readonly op: "call";
      readonly function: number;
      readonly values: readonly Operand[];
      readonly type: IrType | null;
    };

// ---------------------------------------------------------------- statements

/** Index of a file in Module.files, 1-based line and column. */
export interface Place {
  readonly file: number;
  readonly line: number;
  readonly column: number;
}

export type Statement =
  /** Evaluates `op`; `result` names the value (null when it has none or it is unused). */
  | { readonly kind: "let"; readonly result: Temp | null; readonly op: Op; readonly at: Place }
  | { readonly kind: "set"; readonly variable: number; readonly value: Operand; readonly at: Place }
  /** `bytes` as in load; the low bytes of value are written in `order`. */
  | {
      readonly kind: "store";
      readonly place: Operand;
      readonly offset: number;
      readonly bytes: number;
      readonly order: ByteOrder;
      readonly value: Operand;
      readonly align: number;
      readonly at: Place;
    }
  /** Copies or clears memory; places may be packet (checked) or pointer. */
  | {
      readonly kind: "copy";
      readonly to: Operand;
      readonly toOffset: number;
      readonly from: Operand;
      readonly fromOffset: number;
      readonly bytes: number;
      readonly at: Place;
    }
  | {
      readonly kind: "zero";
      readonly place: Operand;
      readonly offset: number;
      readonly bytes: number;
      readonly at: Place;
    }
  | {
      readonly kind: "if";
      readonly condition: Operand;
      readonly then: Block;
      readonly otherwise: Block;
      readonly at: Place;
    }
  /** No fall-through between cases; `cases` values are distinct and in range of `type`. */
  | {
      readonly kind: "switch";
      readonly type: Scalar;
      readonly value: Operand;
      readonly cases: readonly { readonly values: readonly bigint[]; readonly body: Block }[];
      readonly otherwise: Block;
      readonly at: Place;
    }
  /**
   * Runs until a break; `continue` goes to its start. `trips`: proven upper bound of iterations. `counter`: the variable that
   * decides it, when it starts at a constant, moves by a constant and is compared with a constant; null when the proof took more.
   */
  | {
      readonly kind: "loop";
      readonly label: number;
      readonly trips: number;
      readonly counter: number | null;
      readonly body: Block;
      readonly at: Place;
    }
  /** A region that `break label` leaves. */
  | { readonly kind: "block"; readonly label: number; readonly body: Block; readonly at: Place }
  | { readonly kind: "break"; readonly label: number; readonly at: Place }
  | { readonly kind: "continue"; readonly label: number; readonly at: Place }
  /**
   * bpf_loop: runs body for index 0 .. trips-1 (trips: u32 operand, at most 2^23); `break label` stops it.
   * The body shares the function's variables; it must not return, nor break or continue an outer label.
   * `packet` values made outside must not be used inside (the front end checks).
   */
  | {
      readonly kind: "repeat";
      readonly label: number;
      readonly trips: Operand;
      readonly index: Temp;
      readonly body: Block;
      readonly at: Place;
    }
  /**
   * bpf_user_ringbuf_drain: runs body per record, copied into `slot`; result (a temp, i64) is the number drained or -errno.
   * `break` stops. Of a record longer than the slot the slot holds the start; for a shorter one it holds zeros.
   */
  | {
      readonly kind: "drain";
      readonly label: number;
      readonly map: MapOperand;
      readonly slot: number;
      readonly result: Temp | null;
      readonly body: Block;
      readonly at: Place;
    }
  | { readonly kind: "return"; readonly value: Operand | null; readonly at: Place };

export type Block = readonly Statement[];

// ---------------------------------------------------------------- functions and modules

export interface IrFunction {
  readonly name: string;
  /** Parameters are temps. */
  readonly parameters: readonly Temp[];
  readonly result: IrType | null;
  readonly variables: readonly Variable[];
  readonly slots: readonly Slot[];
  readonly body: Block;
  readonly at: Place;
  /** The verifier reads it once, by itself, whatever it is called with. Such a function gives a scalar. */
  readonly alone?: boolean;
}

/** An XDP program: a function without parameters that returns an XDP action as u32. */
export interface IrProgram extends IrFunction {
  /** ELF section: "xdp", "xdp/devmap" or "xdp/cpumap". */
  readonly section: string;
  /** The place in a jump table that it is put in when it is loaded. */
  readonly slot?: ProgramSlot | null;
}

export interface ProgramSlot {
  /** Name of a program array of the module. */
  readonly map: string;
  readonly index: number;
}

/** Global data: `constant` goes to .rodata (frozen at load, may be patched before), otherwise .data. */
export interface Global {
  readonly name: string;
  readonly layout: LayoutData;
  readonly constant: boolean;
  readonly initial: Uint8Array;
  readonly at: Place;
}

export interface SourceFile {
  /** Path relative to the build's root, with forward slashes; never absolute. */
  readonly path: string;
  readonly text: string;
}

export interface MapDeclaration extends MapData {
  readonly at: Place;
}

export interface Module {
  readonly name: string;
  readonly files: readonly SourceFile[];
  readonly maps: readonly MapDeclaration[];
  readonly globals: readonly Global[];
  readonly functions: readonly IrFunction[];
  readonly programs: readonly IrProgram[];
}
