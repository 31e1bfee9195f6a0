import { createMachine, type InterpretedMap } from "../../../compiler/interpreter/index.ts";
import type { Module } from "../../../compiler/ir/ir.ts";
import { interpretedRawMap } from "../../kit/targets/interpreter-map.ts";
import type { Side } from "./side.ts";

/** The interpreter, with as many CPUs as the kernel has, on the CPU that this process is held on. */
export function interpreterSide(module: Module, cpus: number, cpu: number): Side {
  const machine = createMachine(module, { cpus, cpu });
  return {
    name: "interpreter",
    run: (program, packet) => machine.run(program, packet),
    map: (name) => interpretedRawMap(machine.maps[name] as InterpretedMap, machine),
    global: (name) => machine.globals.get(name).slice(),
    close: () => {},
  };
}
