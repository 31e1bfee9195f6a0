/** All programs of a node, as one object. */
export { zeta_enter4, zeta_enter6, zeta_undo4, zeta_undo6 } from "./enter.ts";
export { zeta_entered4, zeta_entered6 } from "./entered.ts";
export { zeta_error4, zeta_error6 } from "./error.ts";
export { zeta_forget4, zeta_forget6, zeta_tell4, zeta_tell6 } from "./forget.ts";
export { zeta_forward } from "./forward.ts";
export { zeta_fragment } from "./fragment.ts";
export { zeta_keep4, zeta_keep6 } from "./keep.ts";
export { zeta_neighbour } from "./neighbour.ts";
export { zeta_obstacle } from "./obstacle.ts";
export { zeta_pools } from "./pools.ts";
export { zeta_reach } from "./reach.ts";
export { zeta_refuse } from "./refuse.ts";
export { zeta_renew4, zeta_renew6 } from "./renew.ts";
export { zeta_inner, zeta_root } from "./root.ts";
export { zeta_route } from "./route.ts";
export { zeta_settle4, zeta_settle6 } from "./settle.ts";
export { zeta_unclaimed, zeta_unwrap } from "./unwrap.ts";
export { zeta_wrap } from "./wrap.ts";
