/** A service of 1 middlebox that decides. */
import { service } from "zeta";
import { decider } from "./chain.ts";

export default service("deciders", { chain: [decider("decider1")] });
