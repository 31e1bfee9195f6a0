/**
 * Helper functions of the prelude, all `alwaysinline`: what llvm-bindings cannot say (alignment, atomics, inline
 * assembly, attributes on intrinsics) and what the optimiser must not see through. Each is a Callee whose name says
 * all its parameters, so that the same need gives the same function.
 */
import type { Callee, IntegerType, LlvmType } from "../builder.ts";
import type { Syntax } from "./syntax.ts";

/** A function definition: parameters are named %a0, %a1 …; `body` ends with its return. */
function helper(
  name: string,
  result: LlvmType,
  parameters: readonly LlvmType[],
  body: (syntax: Syntax) => string,
): Callee {
  const define = (syntax: Syntax) => {
    const list = parameters.map((type, index) => `${syntax.type(type)} %a${index}`).join(", ");
    return `define internal ${syntax.type(result)} @${name}(${list}) #1 {\n${body(syntax)}\n}\n`;
  };
  return { name, result, parameters, define };
}

const giving = (type: string, expression: string): string => `  %r = ${expression}\n  ret ${type} %r`;

/** One line of inline assembly over parameters that gives a value of `result`. */
function assembly(
  name: string,
  result: LlvmType,
  parameters: readonly LlvmType[],
  template: string,
  constraints: string,
  pure: boolean,
): Callee {
  return helper(name, result, parameters, (s) => {
    const list = parameters.map((type, index) => `${s.type(type)} %a${index}`).join(", ");
    const call = `call ${s.type(result)} asm ${pure ? "" : "sideeffect "}"${template}", "${constraints}"(${list})`;
    return result === "void" ? `  ${call}\n  ret void` : giving(s.type(result), call);
  });
}

// ---------------------------------------------------------------- what the optimiser must not see through

/** The same value, about which the optimiser knows nothing. Not for i128. */
export const barrier = (type: LlvmType): Callee => assembly(`zeta.barrier.${type}`, type, [type], "", "=r,0", false);

/** Like barrier, but nothing more than a value: unused it goes away, and it may be moved. Not for i128. */
export const opaque = (type: LlvmType): Callee => assembly(`zeta.opaque.${type}`, type, [type], "", "=r,0", true);

/** The packet's bytes from its two ends, in a register of its own; never so many that they need more than 32 bits. */
export const packetBytes: Callee = helper("zeta.packet.bytes", "i64", ["i64", "i64"], () =>
  giving("i64", `call i64 asm "$0 -= $2", "=r,0,r"(i64 %a1, i64 %a0), !range !{i64 0, i64 4294967296}`),
);

/** Nothing, at a place that the optimiser must come by: what leads here is neither merged nor turned into a select. */
export const landmark: Callee = assembly("zeta.landmark", "void", [], "", "", false);

/** Orders memory accesses for the compiler. */
export const memoryBarrier: Callee = assembly("zeta.memory.barrier", "void", [], "", "~{memory}", false);

/**
 * A 32-bit field of `struct xdp_md` as i64. Assembly, because the optimiser otherwise merges loads of two fields into
 * one load from `ctx + select`, which the verifier refuses. `again` makes a load that is never merged with another:
 * for `data` and `data_end` after the packet has moved.
 */
export const contextField = (offset: number, again: boolean): Callee =>
  assembly(
    `zeta.context.${offset}${again ? ".again" : ""}`,
    "i64",
    ["ptr"],
    `$0 = *(u32 *)($1 + ${offset})`,
    "=r,r",
    !again,
  );

/** Like contextField, for the fields that the verifier turns into packet pointers. */
export const contextPointer = (offset: number, again: boolean): Callee =>
  assembly(
    `zeta.packet.${offset}${again ? ".again" : ""}`,
    "ptr",
    ["ptr"],
    `$0 = *(u32 *)($1 + ${offset})`,
    "=r,r",
    !again,
  );

/**
 * `value` where it is at most `limit`, otherwise `substitute`; the verifier sees the bound whatever the optimiser knows. It
 * follows a jump later than what comes next, and so takes the rare substitute for a case of what it has seen.
 */
export const bounded = (limit: number, substitute: number): Callee =>
  assembly(
    `zeta.bounded.${limit}.${substitute}`,
    "i64",
    ["i64"],
    `$0 = ${substitute}\\0A\\09if $1 > ${limit} goto +1\\0A\\09$0 = $1`,
    "=&r,r",
    false,
  );

// ---------------------------------------------------------------- arithmetic

/** The processor's own division: by zero gives 0, remainder by zero the dividend. `s/` and `s%` need v4. */
export function division(operator: "/" | "%" | "s/" | "s%", type: "i32" | "i64"): Callee {
  const name = { "/": "udiv", "%": "urem", "s/": "sdiv", "s%": "srem" }[operator];
  return assembly(`zeta.${name}.${type}`, type, [type, type], `$0 ${operator}= $2`, "=r,0,r", true);
}

/** Byte swap. */
export function swap(type: "i16" | "i32" | "i64"): Callee {
  const name = `llvm.bswap.${type}`;
  return { name, result: type, parameters: [type], define: () => `declare ${type} @${name}(${type})\n` };
}

// ---------------------------------------------------------------- memory

export const loadAligned = (type: IntegerType, align: number): Callee =>
  helper(`zeta.load.${type}.align${align}`, type, ["ptr"], (s) => {
    const { before, operand } = s.access("%a0", type);
    return before + giving(type, `load ${type}, ${operand}, align ${align}`);
  });

/**
 * Zero, of which the verifier knows nothing: it follows no value through four bytes of the stack that are not the first of a
 * word, unless they are zero. `%a0` is such a place.
 */
export const unknownZero: Callee = helper("zeta.unknown.zero", "i64", ["ptr"], (s) => {
  const { before, operand } = s.access("%a0", "i32");
  const half = `  store volatile i32 1, ${operand}, align 4\n  %one = load volatile i32, ${operand}, align 4\n`;
  const whole = "  %low = zext i32 %zero to i64\n  %high = shl i64 %low, 32\n";
  return `${before}${half}  %zero = sub i32 %one, 1\n${whole}${giving("i64", "or i64 %high, %low")}`;
});

export const storeAligned = (type: IntegerType, align: number): Callee =>
  helper(`zeta.store.${type}.align${align}`, "void", ["ptr", type], (s) => {
    const { before, operand } = s.access("%a0", type);
    return `${before}  store ${type} %a1, ${operand}, align ${align}\n  ret void`;
  });

/** The name of an intrinsic over pointers, as LLVM 14 has it; later ones correct it as they read. */
const overPointers = (name: string, pointers: number): string => `llvm.${name}${".p0i8".repeat(pointers)}.i64`;

/** Clears a constant number of bytes. */
export const clear = (bytes: number, align: number): Callee =>
  helper(`zeta.clear.${bytes}.align${align}`, "void", ["ptr"], (s) => {
    const pointer = `${s.type("ptr")} align ${align} %a0`;
    return `  call void @${overPointers("memset", 1)}(${pointer}, i8 0, i64 ${bytes}, i1 false)\n  ret void`;
  });

/** Copies a constant number of bytes; `move` also where source and destination overlap. */
export const copy = (kind: "copy" | "move", bytes: number, toAlign: number, fromAlign: number): Callee =>
  helper(`zeta.${kind}.${bytes}.align${toAlign}.align${fromAlign}`, "void", ["ptr", "ptr"], (s) => {
    const to = `${s.type("ptr")} align ${toAlign} %a0`;
    const from = `${s.type("ptr")} align ${fromAlign} %a1`;
    const intrinsic = overPointers(kind === "copy" ? "memcpy" : "memmove", 2);
    return `  call void @${intrinsic}(${to}, ${from}, i64 ${bytes}, i1 false)\n  ret void`;
  });

/** The begin or end of the use of stack memory: called itself, for in a helper LLVM would find that it serves nothing. */
export function lifetime(event: "start" | "end"): Callee {
  const name = `llvm.lifetime.${event}.p0i8`;
  const define = (s: Syntax) => `declare void @${name}(i64 immarg, ${s.type("ptr")})\n`;
  return { name, result: "void", parameters: ["i64", "ptr"], define };
}

/** Declarations of the intrinsics that the definitions above use. */
export function memoryIntrinsics(definitions: string, s: Syntax): string {
  const p = s.type("ptr");
  const known = [
    [overPointers("memset", 1), `${p}, i8, i64, i1 immarg`],
    [overPointers("memcpy", 2), `${p}, ${p}, i64, i1 immarg`],
    [overPointers("memmove", 2), `${p}, ${p}, i64, i1 immarg`],
  ] as const;
  return known
    .filter(([name]) => definitions.includes(`@${name}(`))
    .map(([name, parameters]) => `declare void @${name}(${parameters})\n`)
    .join("");
}

// ---------------------------------------------------------------- atomics

export type AtomicOperator = "add" | "and" | "or" | "xor" | "exchange" | "compareExchange";

/**
 * Read-modify-write that gives the old value. Where the result is not used, `monotonic` order lets LLVM choose the
 * form without fetch, the only one of v2. `volatile` keeps it from being turned into atomic loads and stores, which
 * eBPF does not have.
 */
export function atomic(operator: AtomicOperator, type: "i32" | "i64", resultUsed: boolean): Callee {
  const order = resultUsed ? "seq_cst" : "monotonic";
  const name = `zeta.atomic.${operator}.${type}.${order}`;
  if (operator === "compareExchange") {
    return helper(name, type, ["ptr", type, type], (s) => {
      const { before, operand } = s.access("%a0", type);
      const pair = `  %pair = cmpxchg volatile ${operand}, ${type} %a1, ${type} %a2 seq_cst seq_cst\n`;
      return before + pair + giving(type, `extractvalue { ${type}, i1 } %pair, 0`);
    });
  }
  const instruction = operator === "exchange" ? "xchg" : operator;
  return helper(name, type, ["ptr", type], (s) => {
    const { before, operand } = s.access("%a0", type);
    return before + giving(type, `atomicrmw volatile ${instruction} ${operand}, ${type} %a1 ${order}`);
  });
}
