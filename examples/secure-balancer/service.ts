import { service } from "zeta";
import { acl } from "../acl/service.ts";
import { balancer } from "../balancer/service.ts";
import { limiter } from "../rate-limiter/service.ts";
import { synDefence } from "../syn-defence/service.ts";

/** Who may come, who is really there, how much each may send, and who serves it. */
export default service("secure-balancer", { chain: [acl, synDefence, limiter, balancer] });
