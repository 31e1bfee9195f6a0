/** bpf_redirect_map, which devmaps and cpumaps share. */
import { type Kernel, XDP_ABORTED, XDP_REDIRECT } from "../kernel/kernel.ts";

const ACTION_MASK = 3;
/** BPF_F_BROADCAST and BPF_F_EXCLUDE_INGRESS. */
export const BROADCAST = 8;
export const EXCLUDE_INGRESS = 16;

export interface RedirectTarget {
  readonly map: string;
  readonly key: number;
  readonly value: Uint8Array | null;
  readonly flags: number;
  /** Flags that the kind of map knows, beyond the action on a missing entry. */
  readonly known: number;
}

/** The low two bits of the flags are the action when there is no such entry; unknown flags abort. */
export function redirectByMap(kernel: Kernel, { map, key, value, flags, known }: RedirectTarget): number {
  if (flags < 0 || flags > 0xffffffff || (flags & ~(ACTION_MASK | known)) !== 0) return XDP_ABORTED;
  if (value === null && (flags & BROADCAST) === 0) {
    kernel.redirect = null;
    return flags & ACTION_MASK;
  }
  kernel.redirect = { kind: "map", map, key, value, flags: flags & known };
  return XDP_REDIRECT;
}
