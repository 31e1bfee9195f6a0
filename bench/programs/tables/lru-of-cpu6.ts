/** The same with Katran's key of 40 bytes. */
import { cpu, map } from "zeta/bpf";
import { program6, value } from "./flows.ts";
import { ENTRIES, kernelLookup, key6 } from "./kernel.ts";

const flows = map.arrayOfMaps({ of: map.lruHash({ key: key6, value, max: ENTRIES }), max: 64 });

export default program6(
  "lru_of_cpu6",
  kernelLookup(() => flows.get(cpu())),
);
