import { describe, expect, test } from "vitest";
import type { ObjectCode } from "../../compiler/api.ts";
import type { BackendOptions } from "../../compiler/backend/index.ts";
import { createMachine } from "../../compiler/interpreter/index.ts";
import { verifyModule } from "../../compiler/ir/verify.ts";
import { load, testRun } from "../../runtime/index.ts";
import { COMBINATIONS, emitted } from "./emit.ts";
import { modules } from "./modules/index.ts";
import type { TestModule } from "./modules/types.ts";

type Name = keyof typeof modules;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Loads an object, and runs the module's packets through it and through the interpreter, in the same order. */
async function bothAnswers(object: Uint8Array, { module, packets = [] }: TestModule) {
  const name = module.programs[0]?.name ?? "";
  const machine = createMachine(module);
  using loaded = await load(object);
  expect(loaded.btfLoaded).toBe(true);
  const program = loaded.program(name);
  const kernel = packets.map((packet) => testRun(program, { packet }));
  const interpreter = packets.map((packet) => machine.run(name, packet));
  const told = (answers: readonly { readonly action: number; readonly packet: Uint8Array }[]) =>
    answers.map(({ action, packet }) => ({ action, packet: hex(packet) }));
  return { kernel: told(kernel), interpreter: told(interpreter) };
}

const names = Object.keys(modules) as Name[];

test.each(names)("'%s' is well-formed", (name) => {
  expect(() => verifyModule(modules[name]().module)).not.toThrow();
});

const texts = new Map<string, Promise<ObjectCode>>();

/** What the text builder makes of a module; the same object serves several tests. */
function byText(name: Name, options: BackendOptions): Promise<ObjectCode> {
  const key = JSON.stringify([name, options.llvm, options.cpu]);
  const known = texts.get(key) ?? emitted(modules[name]().module, { ...options, irBuilder: "text" });
  texts.set(key, known);
  return known;
}

describe.each(COMBINATIONS)("LLVM $llvm, $cpu", (target) => {
  const able = names.filter((name) => target.cpu !== "v2" || modules[name]().needsV3 !== true);

  test.each(able)("'%s' loads, and does what the interpreter does", async (name) => {
    const made = modules[name]();
    const { object } = await byText(name, target);
    const { kernel, interpreter } = await bothAnswers(object, made);
    expect(kernel).toEqual(interpreter);
  });
});

test.each(names)("'%s' keeps its meaning where packet accesses must be aligned", async (name) => {
  const made = modules[name]();
  const { object } = await emitted(made.module, { irBuilder: "text", targetAlignment: "strict" });
  const { kernel, interpreter } = await bothAnswers(object, made);
  expect(kernel).toEqual(interpreter);
});

describe.each([14, 19])("LLVM %i", (llvm) => {
  test.each(names)("'%s' is the same object through llvm-bindings and through text", async (name) => {
    const { module } = modules[name]();
    const text = await byText(name, { llvm, cpu: "v3" });
    const bindings = await emitted(module, { llvm, cpu: "v3", irBuilder: "llvm-bindings" });
    expect(bindings.toolchain.irBuilder).toBe("llvm-bindings");
    expect(hex(bindings.object)).toBe(hex(text.object));
  });
});
