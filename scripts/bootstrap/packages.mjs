/**
 * What Zeta needs from Debian, and how each package shows cheaply that it is there: a command on the PATH, or a file.
 * Sets are installed when a command needs them: `base` by `npm test` and `npm run demo`, `kernels` by
 * `npm run test:kernels` alone, so that a test run does not bring an emulator along.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

const libraries = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
const programs = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** @typedef {{ name: string, why: string, command?: string, file?: string, library?: string }} Package */

/** @type {Record<"base" | "kernels", readonly Package[]>} */
export const packageSets = {
  base: [
    { name: "llvm-19", why: "opt and llc, the default toolchain", command: "llc-19" },
    { name: "llvm-16", why: "opt and llc, tested besides", command: "llc-16" },
    { name: "llvm-14", why: "opt and llc, tested besides", command: "llc-14" },
    {
      name: "llvm-14-dev",
      why: "llvm-bindings builds against it",
      file: "/usr/lib/llvm-14/lib/cmake/llvm/LLVMConfig.cmake",
    },
    { name: "clang-19", why: "compiles the benchmarks' C rivals", command: "clang-19" },
    { name: "libbpf1", why: "the loader calls it", library: "libbpf.so.1" },
    { name: "libbpf-dev", why: "headers of the benchmarks' C rivals", file: "/usr/include/bpf/bpf_helpers.h" },
    { name: "bpftool", why: "the independent view of loaded programs in tests", command: "bpftool" },
    { name: "cmake", why: "builds llvm-bindings", command: "cmake" },
    { name: "ninja-build", why: "builds llvm-bindings", command: "ninja" },
    { name: "make", why: "builds llvm-bindings", command: "make" },
    { name: "g++", why: "builds llvm-bindings", command: "g++" },
    { name: "zlib1g-dev", why: "LLVM links it", file: "/usr/include/zlib.h" },
    { name: "libzstd-dev", why: "LLVM links it", file: "/usr/include/zstd.h" },
    { name: "python3", why: "runs scapy", command: "python3" },
    {
      name: "python3-scapy",
      why: "the independent oracle of headers",
      file: "/usr/lib/python3/dist-packages/scapy/__init__.py",
    },
    { name: "tshark", why: "the independent dissector", command: "tshark" },
    { name: "iproute2", why: "the lab's namespaces and links", command: "ip" },
    { name: "ethtool", why: "the lab's offload settings", command: "ethtool" },
    { name: "procps", why: "the lab's kernel settings", command: "sysctl" },
    { name: "util-linux", why: "the lab enters namespaces", command: "nsenter" },
    { name: "nftables", why: "the kernel's own balancer, to compare with", command: "nft" },
    { name: "iputils-ping", why: "the lab's first sign of life", command: "ping" },
    { name: "iputils-arping", why: "asks for a node's entrances by ARP", command: "arping" },
    { name: "ndisc6", why: "asks for a node's entrances by neighbour discovery", command: "ndisc6" },
    { name: "traceroute", why: "sees the gateway as a hop", command: "traceroute" },
    { name: "libcap2-bin", why: "tests without full root", command: "capsh" },
    { name: "nginx-light", why: "the lab's servers", command: "nginx" },
    { name: "curl", why: "the lab's clients", command: "curl" },
    { name: "wrk", why: "the lab's load", command: "wrk" },
    { name: "iperf3", why: "streams that upgrades must not disturb", command: "iperf3" },
    { name: "dnsmasq-base", why: "a UDP service that is not ours", command: "dnsmasq" },
    { name: "bind9-dnsutils", why: "asks it: dig", command: "dig" },
    { name: "openssh-server", why: "a session held open while a node changes", command: "sshd" },
    { name: "openssh-client", why: "its other end", command: "ssh" },
    { name: "git", why: "tests on what the repository holds", command: "git" },
  ],
  kernels: [
    { name: "qemu-system-x86", why: "boots the other kernels", command: "qemu-system-x86_64" },
    { name: "busybox-static", why: "the guest's shell", command: "busybox" },
  ],
};

/** Node's own headers; NodeSource's nodejs brings them, Debian's leaves them to libnode-dev. */
const nodeHeaders = {
  name: "libnode-dev",
  why: "llvm-bindings builds against Node's headers",
  file: "/usr/include/node/node_api.h",
};

/** @param {Package} wanted */
export function isInstalled(wanted) {
  if (wanted.file !== undefined) return existsSync(wanted.file);
  if (wanted.library !== undefined) return libraries.some((folder) => existsSync(join(folder, wanted.library ?? "")));
  const path = [...(process.env.PATH ?? "").split(":"), ...programs].filter((folder) => folder !== "");
  return path.some((folder) => existsSync(join(folder, wanted.command ?? wanted.name)));
}

/**
 * The packages of the named sets that are not there.
 * @param {readonly ("base" | "kernels")[]} sets
 * @returns {readonly Package[]}
 */
export function missingPackages(sets) {
  const wanted = sets.flatMap((set) => packageSets[set]);
  return [...wanted, ...(sets.includes("base") ? [nodeHeaders] : [])].filter((one) => !isInstalled(one));
}
