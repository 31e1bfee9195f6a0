/** A service of 5 middleboxes that decide. */
import { service } from "zeta";
import { decider } from "./chain.ts";

export default service("deciders", {
  chain: [decider("decider1"), decider("decider2"), decider("decider3"), decider("decider4"), decider("decider5")],
});
