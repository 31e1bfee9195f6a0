/**
 * The time of one CPU that frames take: of the thread that sends them, in whose time the kernel handles them, and of the kernel's own
 * thread for what is left over. Others that have the CPU in between are left out.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Of a CPU's `ksoftirqd`. */
function softirqThread(cpu: number): string {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
    try {
      if (readFileSync(`/proc/${pid}/comm`, "utf8").trim() === `ksoftirqd/${cpu}`) return pid;
    } catch {
      // It has ended meanwhile.
    }
  throw new Error(`CPU ${cpu} has no ksoftirqd.`);
}

/** Seconds so far, of this thread and of the CPU that it is pinned to. */
export function cpuClock(cpu: number): () => number {
  const file = `/proc/${softirqThread(cpu)}/schedstat`;
  return () => {
    const { user, system } = process.threadCpuUsage();
    const [nanoseconds] = readFileSync(file, "utf8").split(" ");
    return (user + system) / 1e6 + Number(nanoseconds) / 1e9;
  };
}
