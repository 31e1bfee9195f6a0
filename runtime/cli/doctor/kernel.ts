/** The kernel and what this process may ask of it. */
import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { absent, type Fact, present } from "./fact.ts";

const MINIMUM = [6, 1] as const;

export function kernelFact(version: string = release()): Fact {
  const identity = { id: "kernel", title: "Linux", neededFor: "run" } as const;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const enough = major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
  return enough ? present(identity, version) : absent(identity, version, `Run Linux ${MINIMUM.join(".")} or later.`);
}

const setting = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
};

/** Without the JIT every program runs in the kernel's interpreter, many times slower. */
export function jitFact(): Fact {
  const identity = { id: "jit", title: "BPF JIT", neededFor: "run" } as const;
  const value = setting("/proc/sys/net/core/bpf_jit_enable");
  // The file is absent where the JIT cannot be turned off (CONFIG_BPF_JIT_ALWAYS_ON hides nothing, but a container may).
  if (value === null) return absent(identity, "its setting cannot be read", "Ask the host's owner.", "unknown");
  return value === "0"
    ? absent(identity, "off: programs run many times slower", "sysctl -w net.core.bpf_jit_enable=1", "limited")
    : present(identity, "on");
}

export function kernelBtfFact(): Fact {
  const identity = { id: "kernel-btf", title: "Kernel BTF", neededFor: "run" } as const;
  return existsSync("/sys/kernel/btf/vmlinux")
    ? present(identity, "/sys/kernel/btf/vmlinux")
    : absent(identity, "not there", "Run a kernel built with CONFIG_DEBUG_INFO_BTF.", "limited");
}

export async function capabilitiesFact(): Promise<Fact> {
  const { missingCapabilities, NEEDED } = await import("../../loader/capabilities.ts");
  const identity = { id: "capabilities", title: "Privileges", neededFor: "run" } as const;
  const missing = missingCapabilities();
  const names = NEEDED.map((name) => name.slice("CAP_".length).toLowerCase());
  const remedy = `Run as root, or with: setpriv --inh-caps=${names.map((name) => `+${name}`).join(",")} --ambient-caps=${names.map((name) => `+${name}`).join(",")}`;
  return missing.length === 0
    ? present(identity, NEEDED.join(", "))
    : absent(identity, `this process lacks ${missing.join(", ")}`, remedy);
}

export async function bpffsFact(): Promise<Fact> {
  const { bpffsMounts } = await import("../../loader/bpffs.ts");
  const identity = { id: "bpffs", title: "BPF file system", neededFor: "run" } as const;
  const mounts = bpffsMounts();
  if (mounts.length > 0) return present(identity, mounts.join(", "));
  const { hasCapability } = await import("../../loader/capabilities.ts");
  return hasCapability("CAP_SYS_ADMIN")
    ? present(identity, "none mounted; zeta mounts its own when something is pinned")
    : absent(
        identity,
        "none mounted, and this process may not mount one",
        "As root: mount -t bpf bpf /run/zeta/bpf",
        "limited",
      );
}

export async function libbpfFact(): Promise<Fact> {
  const identity = { id: "libbpf", title: "libbpf", neededFor: "run" } as const;
  const remedy = "Install libbpf 1.1 or later (Debian: apt-get install libbpf1), or name the library in ZETA_LIBBPF.";
  const { openLibrary } = await import("../../loader/library.ts");
  try {
    const { bpf } = await openLibrary();
    return present(identity, bpf.libbpf_version_string());
  } catch (error) {
    return absent(identity, error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), remedy);
  }
}
