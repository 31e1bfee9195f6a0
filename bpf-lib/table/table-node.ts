/** All programs of a flow-table node, as one object: a node's, but for those that let packets go (held.ts, refuse.ts, again.ts, wait.ts). */
export { zeta_ask46 } from "../node/across/ask.ts";
export { zeta_link64 } from "../node/across/link.ts";
export { zeta_route46, zeta_route64 } from "../node/across/route.ts";
export { zeta_settle46, zeta_settle64 } from "../node/across/settle.ts";
export { zeta_xlate46, zeta_xlate64 } from "../node/across/translate.ts";
export { zeta_carry } from "../node/carry.ts";
export { zeta_enter4, zeta_enter6, zeta_undo4, zeta_undo6 } from "../node/enter.ts";
export { zeta_tell4, zeta_tell6 } from "../node/forget.ts";
export { zeta_fragment } from "../node/fragment.ts";
export { zeta_neighbour } from "../node/neighbour.ts";
export { zeta_now } from "../node/now.ts";
export { zeta_obstacle } from "../node/obstacle.ts";
export { zeta_admit } from "../node/quota.ts";
export { zeta_reach } from "../node/reach.ts";
export { zeta_renew4, zeta_renew6 } from "../node/renew.ts";
export { zeta_route } from "../node/route.ts";
export { zeta_unclaimed } from "../node/unclaimed.ts";
export { zeta_unwrap } from "../node/unwrap.ts";
export { zeta_wrap } from "../node/wrap.ts";
export {
  zeta_end46,
  zeta_end64,
  zeta_serve46,
  zeta_serve64,
  zeta_store46,
  zeta_store64,
} from "./across.ts";
export { zeta_again } from "./again.ts";
export { zeta_bring4, zeta_bring6 } from "./brought.ts";
export { zeta_end4, zeta_end6 } from "./end.ts";
export { zeta_table_error4, zeta_table_error6 } from "./error.ts";
export { zeta_table_fragment } from "./fragment.ts";
export { zeta_held4, zeta_held6 } from "./held.ts";
export { zeta_over4, zeta_over6 } from "./over.ts";
export { zeta_table_pools, zeta_table_pools64 } from "./pools.ts";
export { zeta_table_turn } from "./read.ts";
export { zeta_operation } from "./receive.ts";
export { zeta_table_refuse } from "./refuse.ts";
export { zeta_root } from "./root.ts";
export { zeta_seek4, zeta_seek6 } from "./seek.ts";
export { zeta_serve4, zeta_serve6 } from "./serve.ts";
export { zeta_table_settle4, zeta_table_settle6 } from "./settle.ts";
export { zeta_store4, zeta_store6 } from "./store.ts";
export { zeta_sustain4, zeta_sustain6, zeta_sustain46 } from "./sustain.ts";
export { zeta_transfer4, zeta_transfer6 } from "./transfer.ts";
export {
  zeta_table_begin,
  zeta_table_complete,
  zeta_table_shift,
  zeta_table_wait,
  zeta_table_waited,
} from "./wait.ts";
