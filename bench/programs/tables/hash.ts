import { map } from "zeta/bpf";
import { program4, value } from "./flows.ts";
import { ENTRIES, kernelLookup, key4 } from "./kernel.ts";

const flows = map.hash({ key: key4, value, max: ENTRIES });

export default program4(
  "hash",
  kernelLookup(() => flows),
);
