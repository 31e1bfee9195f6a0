/** Boots a kernel in qemu and reads its console. Plain emulation: a /dev/kvm that is there may still not work. */
import { spawn } from "node:child_process";
import { type Outcome, readConsole } from "./console.ts";

export interface BootOptions {
  readonly image: string;
  readonly initramfs: string;
  /** Milliseconds after which it is ended and what was printed so far counts. */
  readonly timeout: number;
}

export async function boot({ image, initramfs, timeout }: BootOptions): Promise<Outcome> {
  const machine = ["-accel", "tcg", "-cpu", "max", "-m", "2048", "-nodefaults", "-nographic", "-no-reboot"];
  // no_timer_check: on a busy machine the emulated timer is late, and the kernel would take it for a broken one.
  const parameters = "console=ttyS0 quiet panic=-1 no_timer_check";
  const system = ["-kernel", image, "-initrd", initramfs, "-append", parameters];
  const child = spawn("qemu-system-x86_64", [...machine, "-serial", "stdio", ...system], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout,
    killSignal: "SIGKILL",
  });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  try {
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", () => resolve());
    });
  } finally {
    process.off("exit", kill);
  }
  return readConsole(output);
}
