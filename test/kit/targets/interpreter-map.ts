/** Maps of the interpreter as a test uses them. */
import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import type { InterpretedMap, Machine } from "../../../compiler/interpreter/index.ts";
import { makeMap } from "../../../compiler/interpreter/maps/make.ts";
import { mapRefused, noSuchProgram } from "../problems.ts";
import type { RawMap } from "./map.ts";

const ENOENT = 2;
const E2BIG = 7;
const ENOSPC = 28;

export function interpretedRawMap(map: InterpretedMap, machine: Machine): RawMap {
  const must = (result: number, what: string): void => {
    if (result < 0) throw new ZetaError([mapRefused(null, map.data.name, what, -result)]);
  };
  /** False for the one error that is an answer. */
  const unless = (result: number, answer: readonly number[], what: string): boolean => {
    if (answer.includes(-result)) return false;
    must(result, what);
    return true;
  };
  return {
    cpus: map.data.kind.startsWith("perCpu") ? machine.kernel.cpus : 1,
    lookup: (key) => map.lookup(key),
    update: (key, value) => must(map.update(key, value), "store the value"),
    delete: (key) => unless(map.delete(key), [ENOENT], "delete the key"),
    entries: () => map.entries(),
    push: (value) => unless(map.push(value), [E2BIG], "take the value"),
    pop: () => map.pop(),
    peek: () => map.peek(),
    records: () => map.records(),
    produce: (record) => unless(map.produce(record), [ENOSPC], "take the record"),
    insertProgram(key, name) {
      const program = machine.programs[name];
      if (program === undefined) throw new ZetaError([noSuchProgram(null, name, Object.keys(machine.programs))]);
      must(map.insert(key, program), "take the program");
    },
    insertMap(key) {
      if (map.data.inner === null) throw new ZetaError([mapRefused(null, map.data.name, "hold another map", 22)]);
      const inner = makeMap(map.data.inner, machine.kernel);
      must(map.insert(key, inner), "take the map");
      return interpretedRawMap(inner, machine);
    },
  };
}
