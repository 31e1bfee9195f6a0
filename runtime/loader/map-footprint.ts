/** What a map takes of the kernel's memory. */
import { readFileSync } from "node:fs";
import type { MapHandle } from "./map-handle.ts";

/** In bytes, as the kernel accounts for it (kernel/bpf/syscall.c, `bpf_map_show_fdinfo`): all that is allocated by now. */
export function memoryOf({ fd }: Pick<MapHandle, "fd">): number {
  const text = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
  return Number(/^memlock:\s*(\d+)$/m.exec(text)?.[1] ?? 0);
}

/** Of several maps together. */
export const memoryOfAll = (maps: Iterable<Pick<MapHandle, "fd">>): number =>
  [...maps].reduce((sum, map) => sum + memoryOf(map), 0);
