/** One LRU table for each CPU, found by the CPU's number, as Katran has it. */
import { cpu, map } from "zeta/bpf";
import { program4, value } from "./flows.ts";
import { ENTRIES, kernelLookup, key4 } from "./kernel.ts";

const flows = map.arrayOfMaps({ of: map.lruHash({ key: key4, value, max: ENTRIES }), max: 64 });

export default program4(
  "lru_of_cpu",
  kernelLookup(() => flows.get(cpu())),
);
