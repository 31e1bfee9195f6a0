/** What this machine offers, found by trying: for `zeta doctor`. Nothing is believed that can be asked. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { MAP_TYPE } from "../../sdk/maps/data.ts";
import { mountBpffs, unmountBpffs } from "./bpffs.ts";
import { hasCapability, NEEDED } from "./capabilities.ts";
import { acceptsCpu } from "./cpu-level.ts";
import { jitWorks } from "./jit.ts";
import { type Library, openLibrary } from "./library.ts";
import { nativeXdpOnVeth } from "./veth-probe.ts";

export interface Feature {
  /** "helper bpf_loop". */
  readonly name: string;
  /** Null when this process lacks the privilege to find out. */
  readonly ok: boolean | null;
  /** What was found, in a few words. */
  readonly found: string;
  /** What to do about it; null when nothing needs to be done. */
  readonly remedy: string | null;
}

const PROGRAM_TYPE_XDP = 6;

/** Numbers of `enum bpf_func_id` that compiled programs may call. */
const HELPERS = {
  bpf_ktime_get_ns: 5,
  bpf_get_prandom_u32: 7,
  bpf_tail_call: 12,
  bpf_redirect: 23,
  bpf_csum_diff: 28,
  bpf_xdp_adjust_head: 44,
  bpf_redirect_map: 51,
  bpf_xdp_adjust_tail: 65,
  bpf_fib_lookup: 69,
  bpf_map_push_elem: 87,
  bpf_spin_lock: 93,
  bpf_jiffies64: 118,
  bpf_ktime_get_boot_ns: 125,
  bpf_ringbuf_reserve: 131,
  bpf_ktime_get_coarse_ns: 160,
  bpf_timer_init: 169,
  bpf_loop: 181,
  bpf_xdp_load_bytes: 189,
  bpf_xdp_store_bytes: 190,
  bpf_tcp_raw_gen_syncookie_ipv4: 204,
  bpf_user_ringbuf_drain: 209,
} as const;

const NEW_KERNEL = "Run Linux 6.1 or later with CONFIG_BPF_SYSCALL and CONFIG_XDP_SOCKETS, as Debian's kernels have.";
const NO_PRIVILEGE = "not tried: this process may not load programs";

const feature = (name: string, ok: boolean, found: string, remedy: string): Feature => ({
  name,
  ok,
  found,
  remedy: ok ? null : remedy,
});

const untried = (name: string, why: string, remedy: string): Feature => ({ name, ok: null, found: why, remedy });

function kernelVersion(): Feature {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  return feature("Linux 6.1 or later", major > 6 || (major === 6 && minor >= 1), release(), "Boot a newer kernel.");
}

const capabilityFeatures = (): Feature[] =>
  [...NEEDED, "CAP_SYS_ADMIN" as const].map((name) => {
    const held = hasCapability(name);
    if (name !== "CAP_SYS_ADMIN")
      return feature(
        `capability ${name}`,
        held,
        held ? "held" : "missing",
        "Run as root, or grant it with setpriv or in the service's unit.",
      );
    const found = held
      ? "held"
      : "missing: no own BPF file system, no other network namespaces, no names of foreign programs";
    return { name: `capability ${name} (optional)`, ok: true, found, remedy: null };
  });

/** libbpf answers 1 for present, 0 for absent, negative when it cannot tell. */
const answered = (name: string, answer: number): Feature =>
  answer < 0
    ? untried(name, "libbpf cannot tell", NEW_KERNEL)
    : feature(name, answer === 1, answer === 1 ? "present" : "absent", NEW_KERNEL);

function kernelFeatures({ bpf }: Library): Feature[] {
  const kinds = Object.entries(MAP_TYPE).map(([kind, type]) =>
    answered(`map kind ${kind}`, bpf.libbpf_probe_bpf_map_type(type, null)),
  );
  const helpers = Object.entries(HELPERS).map(([name, helper]) =>
    answered(`helper ${name}`, bpf.libbpf_probe_bpf_helper(PROGRAM_TYPE_XDP, helper, null)),
  );
  const levels = (["v2", "v3", "v4"] as const).map((level) => {
    const accepted = acceptsCpu(level);
    const remedy = level === "v4" ? "Build with --cpu v3; v4 needs Linux 6.6 or later." : NEW_KERNEL;
    return feature(`instruction set ${level}`, accepted, accepted ? "accepted" : "refused", remedy);
  });
  const program = answered("program type xdp", bpf.libbpf_probe_bpf_prog_type(PROGRAM_TYPE_XDP, null));
  const jit = jitWorks();
  const compiled = feature(
    "JIT compiler",
    jit,
    jit ? "on" : "off: programs run interpreted, many times slower",
    "sysctl -w net.core.bpf_jit_enable=1",
  );
  return [program, compiled, ...levels, ...kinds, ...helpers];
}

async function bpffsFeature(): Promise<Feature> {
  const name = "own BPF file system";
  const folder = mkdtempSync(join(tmpdir(), "zeta-bpffs-"));
  try {
    await mountBpffs(join(folder, "bpf"));
    const gone = await unmountBpffs(join(folder, "bpf"));
    return feature(
      name,
      gone,
      gone ? "mounted and unmounted" : "mounted, but not unmounted again",
      `umount ${folder}/bpf`,
    );
  } catch (error) {
    if (!(error instanceof ZetaError)) throw error;
    const [problem] = error.problems;
    return untried(
      name,
      problem?.message ?? error.message,
      "Pinning works on one that root has mounted: mount -t bpf bpf PATH, then ZETA_STATE.",
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function libbpfFeature(library: Library): Feature {
  const version = library.bpf.libbpf_version_string();
  return feature("libbpf 1.1 or later", true, version, "");
}

/**
 * Everything that Zeta needs or uses on this machine, in the order in which to mend it. Takes about a tenth of a second,
 * and leaves nothing behind. Never throws for what is missing: that is a feature that is not ok.
 */
export async function probeFeatures(): Promise<Feature[]> {
  const btf = existsSync("/sys/kernel/btf/vmlinux");
  const first = [
    kernelVersion(),
    ...capabilityFeatures(),
    feature(
      "BTF of the kernel",
      btf,
      btf ? "present" : "absent",
      "Run a kernel with CONFIG_DEBUG_INFO_BTF, as Debian's have.",
    ),
  ];
  let library: Library;
  try {
    library = await openLibrary();
  } catch (error) {
    if (!(error instanceof ZetaError)) throw error;
    const [problem] = error.problems;
    return [...first, feature("libbpf 1.1 or later", false, problem?.message ?? error.message, problem?.fix ?? "")];
  }
  const loads = hasCapability("CAP_BPF") && hasCapability("CAP_NET_ADMIN");
  return [
    ...first,
    libbpfFeature(library),
    ...(loads
      ? kernelFeatures(library)
      : [untried("programs and maps", NO_PRIVILEGE, "Grant CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON.")]),
    await bpffsFeature(),
    nativeXdpOnVeth(),
  ];
}
