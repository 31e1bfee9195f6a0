/** All programs of a forwarder, as one object: a node's, but for those that keep what was decided, and write the lives of flows. */
export { zeta_ask46 } from "../node/across/ask.ts";
export { zeta_error46, zeta_error64 } from "../node/across/error.ts";
export { zeta_forget46, zeta_forget64 } from "../node/across/forget.ts";
export { zeta_link64 } from "../node/across/link.ts";
export { zeta_pools64 } from "../node/across/pools.ts";
export { zeta_route46, zeta_route64 } from "../node/across/route.ts";
export { zeta_settle46, zeta_settle64 } from "../node/across/settle.ts";
export { zeta_xlate46, zeta_xlate64 } from "../node/across/translate.ts";
export { zeta_carry } from "../node/carry.ts";
export { zeta_enter4, zeta_enter6, zeta_undo4, zeta_undo6 } from "../node/enter.ts";
export { zeta_error4, zeta_error6 } from "../node/error.ts";
export { zeta_forget4, zeta_forget6, zeta_tell4, zeta_tell6 } from "../node/forget.ts";
export { zeta_forward } from "../node/forward.ts";
export { zeta_fragment } from "../node/fragment.ts";
export { zeta_keep4, zeta_keep6 } from "../node/keep.ts";
export { zeta_neighbour } from "../node/neighbour.ts";
export { zeta_now } from "../node/now.ts";
export { zeta_obstacle } from "../node/obstacle.ts";
export { zeta_parse } from "../node/parse.ts";
export { zeta_pools } from "../node/pools.ts";
export { zeta_admit } from "../node/quota.ts";
export { zeta_reach } from "../node/reach.ts";
export { zeta_refuse } from "../node/refuse.ts";
export { zeta_root } from "../node/root.ts";
export { zeta_route } from "../node/route.ts";
export { zeta_settle4, zeta_settle6 } from "../node/settle.ts";
export { zeta_unwrap } from "../node/unwrap.ts";
export { zeta_complete } from "../node/waiting/complete.ts";
export { zeta_leave } from "../node/waiting/leave.ts";
export { zeta_shift } from "../node/waiting/shift.ts";
export { zeta_wrap } from "../node/wrap.ts";
export {
  zeta_answered4,
  zeta_answered6,
  zeta_cache4,
  zeta_cache6,
  zeta_cached4,
  zeta_cached6,
  zeta_fill4,
  zeta_fill6,
  zeta_waited,
} from "./answered.ts";
export {
  zeta_cache46,
  zeta_cache64,
  zeta_fill46,
  zeta_fill64,
  zeta_refresh46,
  zeta_refresh64,
} from "./cache-across.ts";
export {
  zeta_ask_error,
  zeta_consult,
  zeta_refresh_waiting,
  zeta_refresh4,
  zeta_refresh6,
  zeta_unheard,
} from "./consult.ts";
export { zeta_ask_first, zeta_followed } from "./fragment.ts";
export { zeta_operation } from "./receive.ts";
export { zeta_turn } from "./turn.ts";
