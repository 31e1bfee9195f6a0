import { program4 } from "./flows.ts";
import { way4, waysLookup } from "./ways.ts";

export default program4("ways4_oldest", waysLookup(way4, [0, 1], "oldest"));
