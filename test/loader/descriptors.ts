/** What a process holds and what the machine holds, before and after: tests compare. */
import { readdirSync, readlinkSync } from "node:fs";
import { kernelIds } from "../../runtime/loader/information.ts";

/** This process's descriptors of bpf objects, by kind: "bpf-prog", "bpf-map", "bpf_link", "btf". */
export function bpfDescriptors(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return /^anon_inode:\[?(bpf|btf)/.test(target) ? [target] : [];
    } catch {
      return []; // The descriptor of the listing itself is gone by now.
    }
  });
}

export const descriptorCount = (): number => readdirSync("/proc/self/fd").length;

/** Waits until `ids` of a kind that were not there at `before` are gone: the kernel frees some of them a moment later. */
export async function gone(kind: "program" | "map" | "link", ids: readonly number[]): Promise<void> {
  const wanted = new Set(ids);
  while (kernelIds(kind).some((id) => wanted.has(id))) await new Promise((resolve) => setImmediate(resolve));
}
