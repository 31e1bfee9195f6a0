/**
 * The state folder: what lets a later process find what an earlier one left, even when that one was killed.
 *
 *     STATE/runs/ID/run.json   who runs what where (records.ts)
 *     STATE/bpf                a BPF file system of our own, mounted when something is first pinned
 *     STATE/bpf/ID/…           the pins of run ID
 */
import { join } from "node:path";

/** ZETA_STATE, or /run/zeta: gone after a reboot, as everything it speaks of. */
export const stateFolder = (given?: string): string => given ?? process.env.ZETA_STATE ?? "/run/zeta";

export const runsFolder = (state?: string): string => join(stateFolder(state), "runs");
export const bpffsFolder = (state?: string): string => join(stateFolder(state), "bpf");
export const pinsFolder = (id: string, state?: string): string => join(bpffsFolder(state), id);
