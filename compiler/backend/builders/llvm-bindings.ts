/**
 * Writes LLVM IR through llvm-bindings (LLVM 14). The prelude is parsed from text; bodies are built by the library's
 * IRBuilder; the module leaves as bitcode, which every later LLVM reads.
 *
 * What shapes this file: the library cannot make debug locations in other files than the function's, nor hand out
 * those of an instruction; but an IRBuilder put before an instruction takes over its location. So each routine is
 * parsed with one `unreachable` block per location, and each location becomes an IRBuilder of its own.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as Llvm from "llvm-bindings";
import {
  type BinaryInstruction,
  type Cast,
  type IrBuilder,
  isInteger,
  type LlvmType,
  type Predicate,
  type Value,
} from "../builder.ts";
import { placeKey } from "../prelude/functions.ts";
import type { Prelude } from "../prelude/prelude.ts";

type Library = typeof Llvm;

/** Loads the library, or gives the reason why it cannot be. */
export function loadBindings(): { readonly library: Library } | { readonly reason: string } {
  try {
    const library: unknown = createRequire(import.meta.url)("llvm-bindings");
    return { library: library as Library };
  } catch (error) {
    return { reason: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) };
  }
}

const BINARY = {
  add: "CreateAdd",
  sub: "CreateSub",
  mul: "CreateMul",
  udiv: "CreateUDiv",
  urem: "CreateURem",
  sdiv: "CreateSDiv",
  srem: "CreateSRem",
  and: "CreateAnd",
  or: "CreateOr",
  xor: "CreateXor",
  shl: "CreateShl",
  lshr: "CreateLShr",
  ashr: "CreateAShr",
} as const satisfies Record<BinaryInstruction, keyof Llvm.IRBuilder>;

const COMPARE = {
  eq: "CreateICmpEQ",
  ne: "CreateICmpNE",
  ult: "CreateICmpULT",
  ule: "CreateICmpULE",
  ugt: "CreateICmpUGT",
  uge: "CreateICmpUGE",
  slt: "CreateICmpSLT",
  sle: "CreateICmpSLE",
  sgt: "CreateICmpSGT",
  sge: "CreateICmpSGE",
} as const satisfies Record<Predicate, keyof Llvm.IRBuilder>;

const CAST = {
  trunc: "CreateTrunc",
  zext: "CreateZExt",
  sext: "CreateSExt",
  ptrtoint: "CreatePtrToInt",
  inttoptr: "CreateIntToPtr",
} as const satisfies Record<Cast, keyof Llvm.IRBuilder>;

/** The prelude as a whole module: routines hold nothing but their locations. */
function stubs(prelude: Prelude): string {
  const routines = prelude.routines.map(({ header, locations }) => {
    const blocks = [...locations.values()].map((location, index) => `at.${index}:\n  unreachable, !dbg ${location}\n`);
    return `${header} {\n${blocks.join("")}}\n`;
  });
  return prelude.head + routines.join("") + prelude.tail;
}

/** Runs `work` with a temporary folder that is gone afterwards. */
function inTemporaryFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "zeta-llvm-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface OpenRoutine {
  readonly fn: Llvm.Function;
  readonly at: ReadonlyMap<string, Llvm.IRBuilder>;
}

/** Builds into the prelude; `finish` gives bitcode, `print` the module as text. */
export function bindingsBuilder(
  library: Library,
  prelude: Prelude,
): { readonly builder: IrBuilder; readonly finish: () => Uint8Array; readonly print: () => string } {
  const context = new library.LLVMContext();
  const diagnostic = new library.SMDiagnostic();
  const module = inTemporaryFolder((folder) => {
    const file = join(folder, "prelude.ll");
    writeFileSync(file, stubs(prelude));
    return library.parseIRFile(file, diagnostic, context);
  });
  const plain = new library.IRBuilder(context);
  const bytePointer = library.PointerType.getUnqual(plain.getInt8Ty());
  const types = new Map<LlvmType, Llvm.Type>([["ptr", bytePointer]]);
  const typeOf = (type: LlvmType): Llvm.Type => {
    const known = types.get(type);
    if (known !== undefined) return known;
    if (!isInteger(type)) throw new Error(`${type} has no values`);
    const made = plain.getIntNTy(Number(type.slice(1)));
    types.set(type, made);
    return made;
  };
  const pointers = new Map<LlvmType, Llvm.Type>();
  const pointerTo = (type: LlvmType): Llvm.Type => {
    const known = pointers.get(type) ?? library.PointerType.getUnqual(typeOf(type));
    pointers.set(type, known);
    return known;
  };
  const raw = (value: Value): Llvm.Value => value.handle as Llvm.Value;
  const wrap = (type: LlvmType, handle: Llvm.Value, constant: bigint | null = null): Value => ({
    type,
    constant,
    handle,
  });

  let routine: OpenRoutine | undefined;
  let block: Llvm.BasicBlock | undefined;
  let b = plain;
  const functions = new Map<string, Llvm.Function>();
  const functionNamed = (name: string): Llvm.Function => {
    const fn = functions.get(name) ?? module.getFunction(name);
    if (fn === null) throw new Error(`${name} is not in the prelude`);
    functions.set(name, fn);
    return fn;
  };
  const basicBlock = (handle: unknown): Llvm.BasicBlock => handle as Llvm.BasicBlock;
  const asPointerTo = (pointer: Value, type: LlvmType): Llvm.Value =>
    type === "i8" ? raw(pointer) : b.CreateBitCast(raw(pointer), pointerTo(type));

  /** The library takes numbers as 64-bit integers and gives i64 no other way in: wide constants fold from parts. */
  const integer = (type: LlvmType, value: bigint): Llvm.Value => {
    const part = (number: bigint) => library.ConstantInt.get(typeOf(type), Number(number), false);
    if (value < 1n << 53n) return part(value);
    const high = plain.CreateShl(integer(type, value >> 32n), part(32n));
    return plain.CreateOr(high, part(value & 0xffffffffn));
  };

  /** One for each value: LLVM keeps one too. */
  const constants = new Map<string, Value>();

  const builder: IrBuilder = {
    begin(name, parameters) {
      const fn = functionNamed(name);
      const at = new Map<string, Llvm.IRBuilder>();
      const header = prelude.routines.find((one) => one.name === name);
      const old: Llvm.BasicBlock[] = [];
      const entry = library.BasicBlock.Create(context, "entry", fn);
      for (const key of header?.locations.keys() ?? []) {
        const stub = fn.getEntryBlock();
        const end = stub.getTerminator();
        if (end === null) throw new Error("a location block has no terminator");
        at.set(key, new library.IRBuilder(end));
        old.push(stub);
        stub.removeFromParent();
      }
      for (const stub of old) stub.deleteSelf();
      routine = { fn, at };
      block = entry;
      return parameters.map((type, index) => wrap(type, fn.getArg(index)));
    },
    locate(at) {
      const next = routine?.at.get(placeKey(at));
      if (next === undefined || block === undefined) throw new Error("the survey did not see this place");
      b = next;
      b.SetInsertPoint(block);
    },
    block(name) {
      return { handle: library.BasicBlock.Create(context, name) };
    },
    enter(label) {
      if (routine === undefined) throw new Error("no routine was begun");
      block = basicBlock(label.handle);
      block.insertInto(routine.fn);
      b.SetInsertPoint(block);
    },
    constant(type, value) {
      const key = `${type} ${value}`;
      const known = constants.get(key) ?? wrap(type, integer(type, value), value);
      constants.set(key, known);
      return known;
    },
    nullPointer: () => wrap("ptr", library.ConstantPointerNull.get(bytePointer)),
    global(name) {
      const found = module.getGlobalVariable(name, true);
      if (found === null) throw new Error(`${name} is not in the prelude`);
      return wrap("ptr", library.ConstantExpr.getBitCast(found, bytePointer));
    },
    routine: (name) => wrap("ptr", library.ConstantExpr.getBitCast(functionNamed(name), bytePointer)),
    text: (content) => builder.global(prelude.texts.get(content) ?? ""),
    allocate(type, count) {
      const of = count === 1 ? typeOf(type) : library.ArrayType.get(typeOf(type), count);
      const place = b.CreateAlloca(of);
      return wrap("ptr", count === 1 && type === "i8" ? place : b.CreateBitCast(place, bytePointer));
    },
    load: (type, pointer) => wrap(type, b.CreateLoad(typeOf(type), asPointerTo(pointer, type))),
    store(value, pointer) {
      b.CreateStore(raw(value), asPointerTo(pointer, value.type));
    },
    offset: (pointer, bytes) => wrap("ptr", b.CreateInBoundsGEP(plain.getInt8Ty(), raw(pointer), raw(bytes))),
    binary: (instruction, x, y) => wrap(x.type, b[BINARY[instruction]](raw(x), raw(y))),
    compare: (predicate, x, y) => wrap("i1", b[COMPARE[predicate]](raw(x), raw(y))),
    cast: (cast, value, to) => wrap(to, b[CAST[cast]](raw(value), typeOf(to))),
    select: (condition, x, y) => wrap(x.type, b.CreateSelect(raw(condition), raw(x), raw(y))),
    call: (callee, values) => wrap(callee.result, b.CreateCall(functionNamed(callee.name), values.map(raw))),
    jump(to) {
      b.CreateBr(basicBlock(to.handle));
    },
    branch(condition, then, otherwise) {
      b.CreateCondBr(raw(condition), basicBlock(then.handle), basicBlock(otherwise.handle));
    },
    choose(value, cases, otherwise) {
      const made = b.CreateSwitch(raw(value), basicBlock(otherwise.handle), cases.length);
      for (const one of cases) {
        made.addCase(integer(value.type, one.value) as Llvm.ConstantInt, basicBlock(one.to.handle));
      }
    },
    leave(value) {
      if (value === null) b.CreateRetVoid();
      else b.CreateRet(raw(value));
    },
  };

  const finish = (): Uint8Array => {
    if (library.verifyModule(module)) throw new Error("llvm-bindings built a module that LLVM's verifier refuses");
    return inTemporaryFolder((folder) => {
      const file = join(folder, "module.bc");
      library.WriteBitcodeToFile(module, file);
      return readFileSync(file);
    });
  };
  // Its first line names the file that the prelude was read from, which is another each time.
  const print = (): string => module.print().replace(/^; ModuleID = .*\n/, "");
  return { builder, finish, print };
}
