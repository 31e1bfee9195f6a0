/** Capabilities of this process (capabilities(7)), read from /proc: no call into the kernel's bpf side is needed. */
import { readFileSync } from "node:fs";

const BIT = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const;

export type Capability = keyof typeof BIT;

/** What loading and attaching XDP programs takes since Linux 5.8. CAP_SYS_ADMIN is not among them. */
export const NEEDED: readonly Capability[] = ["CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"];

function effective(): bigint {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return BigInt(`0x${line?.[1] ?? "0"}`);
}

/** True when the process holds it. CAP_SYS_ADMIN stands in for CAP_BPF and CAP_PERFMON, as it does in the kernel. */
export function hasCapability(capability: Capability, held: bigint = effective()): boolean {
  const has = (name: Capability): boolean => ((held >> BigInt(BIT[name])) & 1n) === 1n;
  return has(capability) || ((capability === "CAP_BPF" || capability === "CAP_PERFMON") && has("CAP_SYS_ADMIN"));
}

/** Those of `needed` that this process lacks. */
export function missingCapabilities(needed: readonly Capability[] = NEEDED): Capability[] {
  const held = effective();
  return needed.filter((capability) => !hasCapability(capability, held));
}
