/** Drops what comes to it, by a name that tells it has come. */
import { drop, middlebox, service } from "zeta";

export const taker = middlebox("taker", { decide: () => drop("taken") });

export default service("taker", { chain: [taker] });
