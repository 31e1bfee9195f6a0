/** The kernel's helper functions that the language reaches, by their numbers in linux/bpf.h. */
import type { Callee, LlvmType } from "../builder.ts";

/** `same`: attributes of one that gives the same within a packet's time, so that it is called once where it is asked twice. */
function helper(id: number, name: string, result: LlvmType, parameters: readonly LlvmType[], same = ""): Callee {
  const define: Callee["define"] = (s) => {
    const types = parameters.map((type) => s.type(type));
    const list = types.map((type, index) => `${type} %a${index}`).join(", ");
    const give = s.type(result);
    const address = `inttoptr (i64 ${id} to ${s.pointerTo(`${give} (${types.join(", ")})`)})`;
    const call = `call ${give} ${address}(${list})${same}`;
    const body = result === "void" ? `  ${call}\n  ret void` : `  %r = ${call}\n  ret ${give} %r`;
    return `define internal ${give} @bpf_${name}(${list}) #1 {\n${body}\n}\n`;
  };
  return { name: `bpf_${name}`, result, parameters, define };
}

const kernel = (id: number, name: string, result: LlvmType, ...parameters: LlvmType[]): Callee =>
  helper(id, name, result, parameters);

/** A clock that moves on once in some milliseconds. */
const slowClock = (id: number, name: string): Callee => helper(id, name, "i64", [], " readnone willreturn");

/** Helpers under the kernel's own names. */
export const KERNEL = {
  map_lookup_elem: kernel(1, "map_lookup_elem", "ptr", "ptr", "ptr"),
  map_update_elem: kernel(2, "map_update_elem", "i64", "ptr", "ptr", "ptr", "i64"),
  map_delete_elem: kernel(3, "map_delete_elem", "i64", "ptr", "ptr"),
  ktime_get_ns: kernel(5, "ktime_get_ns", "i64"),
  get_prandom_u32: kernel(7, "get_prandom_u32", "i64"),
  get_smp_processor_id: kernel(8, "get_smp_processor_id", "i64"),
  tail_call: kernel(12, "tail_call", "void", "ptr", "ptr", "i64"),
  redirect: kernel(23, "redirect", "i64", "i64", "i64"),
  csum_diff: kernel(28, "csum_diff", "i64", "ptr", "i64", "ptr", "i64", "i64"),
  xdp_adjust_head: kernel(44, "xdp_adjust_head", "i64", "ptr", "i32"),
  redirect_map: kernel(51, "redirect_map", "i64", "ptr", "i64", "i64"),
  xdp_adjust_tail: kernel(65, "xdp_adjust_tail", "i64", "ptr", "i32"),
  fib_lookup: kernel(69, "fib_lookup", "i64", "ptr", "ptr", "i64", "i64"),
  map_push_elem: kernel(87, "map_push_elem", "i64", "ptr", "ptr", "i64"),
  map_pop_elem: kernel(88, "map_pop_elem", "i64", "ptr", "ptr"),
  map_peek_elem: kernel(89, "map_peek_elem", "i64", "ptr", "ptr"),
  spin_lock: kernel(93, "spin_lock", "void", "ptr"),
  spin_unlock: kernel(94, "spin_unlock", "void", "ptr"),
  jiffies64: slowClock(118, "jiffies64"),
  ktime_get_boot_ns: kernel(125, "ktime_get_boot_ns", "i64"),
  ringbuf_output: kernel(130, "ringbuf_output", "i64", "ptr", "ptr", "i64", "i64"),
  ringbuf_reserve: kernel(131, "ringbuf_reserve", "ptr", "ptr", "i64", "i64"),
  ringbuf_submit: kernel(132, "ringbuf_submit", "void", "ptr", "i64"),
  ringbuf_discard: kernel(133, "ringbuf_discard", "void", "ptr", "i64"),
  ktime_get_coarse_ns: slowClock(160, "ktime_get_coarse_ns"),
  loop: kernel(181, "loop", "i64", "i64", "ptr", "ptr", "i64"),
  xdp_load_bytes: kernel(189, "xdp_load_bytes", "i64", "ptr", "i64", "ptr", "i64"),
  xdp_store_bytes: kernel(190, "xdp_store_bytes", "i64", "ptr", "i64", "ptr", "i64"),
  dynptr_read: kernel(201, "dynptr_read", "i64", "ptr", "i64", "ptr", "i64", "i64"),
  user_ringbuf_drain: kernel(209, "user_ringbuf_drain", "i64", "ptr", "ptr", "ptr", "i64"),
} as const;

/** bpf_trace_printk takes as many values as its format names, at most three. */
export const tracePrintk = (values: number): Callee => {
  const parameters: LlvmType[] = ["ptr", "i64", ...Array.from({ length: values }, () => "i64" as const)];
  const callee = kernel(6, `trace_printk_${values}`, "i64", ...parameters);
  return callee;
};
