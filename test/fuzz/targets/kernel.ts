import type { Module } from "../../../compiler/ir/ir.ts";
import { type LoadedObject, load } from "../../../runtime/loader/load.ts";
import { testRun } from "../../../runtime/loader/test-run.ts";
import { kernelRawMap } from "../../kit/targets/kernel-map.ts";
import type { Side } from "./side.ts";

/** The index of the loopback: where test runs say that packets come in. */
const LOOPBACK = 1;

/** @throws ZetaError when the kernel refuses a program. */
export async function kernelSide(module: Module, object: Uint8Array): Promise<Side> {
  const loaded: LoadedObject = await load(object, { name: "fuzz" });
  const opened = new Set<{ close(): void }>();
  return {
    name: "kernel",
    run: (program, packet) => testRun(loaded.program(program), { packet, context: { interface: LOOPBACK } }),
    map(name) {
      const data = module.maps.find((map) => map.name === name);
      if (data === undefined) throw new RangeError(`the module declares no map '${name}'`);
      return kernelRawMap(loaded.map(name), data, loaded, opened);
    },
    global: (name) => loaded.globals.read(name) as Uint8Array,
    close() {
      for (const one of opened) one.close();
      loaded.close();
    },
  };
}
