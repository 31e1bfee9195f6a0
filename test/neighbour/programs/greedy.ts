/** Takes all that comes, and keeps it. */
import { drop, middlebox, service } from "zeta";

const greedy = middlebox("greedy", { filter: () => drop("seen") });
export default service("greedy", { chain: [greedy] });
