/** What the demo runs on its gateway: the two examples as one service. */
import { service } from "zeta";
import { acl } from "../../examples/acl/service.ts";
import { balancer } from "../../examples/balancer/service.ts";

export default service("demo", { chain: [acl, balancer] });
