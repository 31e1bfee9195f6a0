/** What can go wrong between a bundle and the kernel. Codes are written by hand and never reused; pages in docs/errors. */
import { type Problem, problem, ZetaError } from "../../compiler/diagnostics/problem.ts";

export const libbpfMissing = problem("ZT4001", (reason: string) => ({
  message: `libbpf cannot be used: ${reason}.`,
  fix: "Install libbpf 1.1 or later (Debian: apt-get install libbpf1), or name the library in ZETA_LIBBPF.",
}));

export const capabilityMissing = problem("ZT4002", (operation: string, missing: readonly string[]) => ({
  message:
    missing.length === 0
      ? `The kernel does not permit this process to ${operation}, although it holds every capability Zeta asks for.`
      : `This process may not ${operation}: it lacks ${missing.join(", ")}.`,
  fix:
    missing.length === 0
      ? "Look for a user namespace, a container profile, a security module or lockdown mode: any of them may forbid bpf(2)."
      : `Run as root, or grant the capability: setpriv --inh-caps=+${missing.map(shortName).join(",+")} --ambient-caps=+${missing.map(shortName).join(",+")} -- COMMAND.`,
}));

export const interfaceBusy = problem("ZT4003", (name: string, holder: string) => ({
  message: `Interface '${name}' already carries an XDP program: ${holder}.`,
  fix: "Detach it first ('zeta ps' lists what Zeta attached, 'zeta detach' removes it), or choose another interface.",
}));

export const noSuchInterface = problem("ZT4004", (name: string, known: readonly string[]) => ({
  message: `There is no interface '${name}' in this network namespace.`,
  fix: known.length === 0 ? "List the interfaces with 'ip link'." : `Choose one of: ${known.join(", ")}.`,
}));

export const noNativeXdp = problem("ZT4005", (name: string) => ({
  message: `The driver of interface '${name}' has no native XDP.`,
  fix: 'Ask for generic mode (mode: "generic"; slower, at the end of the receive path), or use an interface whose driver has it.',
}));

export const featureMissing = problem("ZT4006", (feature: string, reason: string) => ({
  message: `This kernel does not offer ${feature}: ${reason}.`,
  fix: "Run Linux 6.1 or later; 'zeta doctor' lists what this kernel has and lacks.",
}));

export const programRefused = problem("ZT4007", (program: string, reason: string) => ({
  message: `The kernel's verifier refused program '${program}': ${reason}`,
  fix: "What Zeta's compiler accepts should load: please report it with the verifier's log (--verbose). A bounds check next to the access usually helps until it is mended.",
}));

export const corruptObject = problem("ZT4008", (name: string, reason: string) => ({
  message: `'${name}' is not a loadable eBPF object: ${reason}.`,
  fix: "Build it again with 'zeta build'.",
}));

export const pinnedLayoutDiffers = problem("ZT4009", (map: string, path: string, pinned: string, wanted: string) => ({
  message: `The pinned layout differs: map '${map}' at ${path} is ${pinned}; the program wants ${wanted}.`,
  fix: "Remove the pinned map ('zeta detach' finds stale ones) if its content may go, or pin the new one elsewhere.",
}));

export const corruptBundle = problem("ZT4010", (directory: string, reason: string) => ({
  message: `The bundle in '${directory}' is damaged: ${reason}.`,
  fix: "Build it again with 'zeta build', or copy it again.",
}));

export const newerBundle = problem("ZT4011", (directory: string, format: string, known: number) => ({
  message: `The bundle in '${directory}' has format ${format}; this version of Zeta reads format ${known}.`,
  fix: "Update Zeta on this machine, or build the bundle with the version that runs here.",
}));

export const bundleDigestDiffers = problem("ZT4012", (file: string, expected: string, found: string) => ({
  message: `Object '${file}' is not the one its manifest names: sha256 ${found.slice(0, 12)}… instead of ${expected.slice(0, 12)}….`,
  fix: "Build the bundle again; never edit an object by hand.",
}));

export const outOfMemory = problem("ZT4013", (operation: string) => ({
  message: `The kernel has no memory to ${operation}.`,
  fix: "Make maps smaller (maxEntries), raise the control group's memory limit, or on kernels before 5.11 the locked-memory limit (ulimit -l unlimited).",
}));

export const noBpffs = problem("ZT4014", (path: string, reason: string) => ({
  message: `Nothing can be pinned under '${path}': ${reason}.`,
  fix: "Mount a BPF file system there (mount -t bpf bpf PATH; needs CAP_SYS_ADMIN), name one that is mounted, or run without pinning.",
}));

export const nameUnknown = problem("ZT4015", (kind: string, name: string, known: readonly string[]) => ({
  message: `The object has no ${kind} '${name}'.`,
  fix: known.length === 0 ? `It declares no ${kind} at all.` : `It declares: ${known.join(", ")}.`,
}));

export const valueDoesNotFit = problem("ZT4016", (what: string, reason: string) => ({
  message: `The value for ${what} does not fit: ${reason}.`,
  fix: "Give a value of the declared layout.",
}));

export const kernelRefused = problem("ZT4017", (operation: string, errno: string) => ({
  message: `The kernel refused to ${operation} (${errno}).`,
  fix: "The detail, where there is one, holds libbpf's own words; 'zeta doctor' checks what the kernel offers.",
}));

export const runIsLive = problem("ZT4018", (id: string, pid: number) => ({
  message: `Run '${id}' is alive (process ${pid}).`,
  fix: `Stop it (kill -INT ${pid}), or detach it by force.`,
}));

export const noObjectForCpu = problem("ZT4019", (wanted: string, offered: readonly string[]) => ({
  message: `The bundle has no object that this kernel can load: ${wanted}.`,
  fix: `It holds ${offered.length === 0 ? "no object" : offered.join(", ")}. Build with --cpu v3, which Linux 5.1 and later load.`,
}));

export const interfaceRefuses = problem("ZT4020", (name: string, errno: string) => ({
  message: `Interface '${name}' refuses the program (${errno}).`,
  fix: "Lower the MTU of the interface and of its peer (3506 at most on veth), turn off LRO, and see the kernel's log (dmesg).",
}));

export const stateNotWritable = problem("ZT4022", (folder: string, reason: string) => ({
  message: `The state folder '${folder}' cannot be written: ${reason}.`,
  fix: "Make room there, or name a folder of your own: ZETA_STATE=FOLDER zeta run ...; `zeta ps` and `zeta detach` then want the same.",
}));
export const interfaceLost = problem("ZT4023", (name: string, gone: boolean) => ({
  message: gone
    ? `Interface '${name}' is gone, and the program with it.`
    : `Somebody took the program off interface '${name}'.`,
  fix: gone
    ? "Bring the interface back and run again: an interface that is made anew, even under the same name, starts without a program."
    : "Run again when the interface is free; `zeta ps --all` shows what is on it now.",
}));

export const mapFull = problem("ZT4021", (map: string, entries: number) => ({
  message: `Map '${map}' is full: it holds at most ${entries} entries.`,
  fix: "Delete entries, or declare it with a larger maximum.",
}));

export const forwardsNothing = problem("ZT4024", (name: string, six: boolean) => ({
  message: `The kernel forwards nothing that comes by interface '${name}': it gives the service no routes, and takes its packets itself.`,
  fix: `sysctl -w net.ipv4.ip_forward=1${six ? " net.ipv6.conf.all.forwarding=1" : ""}, or tell of all hosts as stations (service.endpoints).`,
}));

const shortName = (capability: string): string => capability.replace(/^CAP_/, "").toLowerCase();

/** The problem with its long material: a verifier's log, libbpf's messages. */
export const withDetail = (of: Problem, detail: string | null): Problem => ({
  ...of,
  detail: detail === "" ? null : detail,
});

/** An error to throw that carries one problem. */
export const failure = (of: Problem, cause?: unknown): ZetaError =>
  new ZetaError([of], cause === undefined ? undefined : { cause });
