import { program6 } from "./flows.ts";
import { way6, waysLookup } from "./ways.ts";

export default program6("ways6", waysLookup(way6, [0, 1, 2, 3, 4], "refuse"));
