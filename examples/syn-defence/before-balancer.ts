import { service } from "zeta";
import { balancer } from "../balancer/service.ts";
import { synProxy } from "./proxy.ts";

/** Backends see no client before it has shown that it is there. */
export default service("proxied-balancer", { chain: [synProxy, balancer] });
