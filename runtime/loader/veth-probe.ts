/** Whether veth, of which labs are made, takes native XDP here: tried in a network namespace of its own. */
import { spawnSync } from "node:child_process";
import { closeSync } from "node:fs";
import { hasCapability } from "./capabilities.ts";
import { errnoName } from "./errno.ts";
import type { Feature } from "./features.ts";
import { exit, loadInstructions, PROGRAM_TYPE_XDP, setResult } from "./instructions.ts";
import { findInterface } from "./interfaces.ts";
import { inNamespace } from "./network-namespace.ts";
import { createXdpLink } from "./xdp.ts";

const XDP_PASS = 2;
const NAME = "native XDP on veth";
const REMEDY =
  "Use a kernel with the veth driver (CONFIG_VETH); labs and demos need it, interfaces of other drivers do not.";

/** Runs `ip`; null when it worked, otherwise what it said. */
function ip(...words: readonly string[]): string | null {
  const ran = spawnSync("ip", words, { encoding: "utf8" });
  if (ran.error !== undefined) return "the command 'ip' is missing (Debian: apt-get install iproute2)";
  return ran.status === 0 ? null : ran.stderr.trim();
}

/** The errno of attaching a pass program natively to an interface there; 0 when it worked. */
function attachIn(namespace: string, name: string): number {
  const program = loadInstructions(PROGRAM_TYPE_XDP, "zeta_veth", [setResult(XDP_PASS), exit]);
  if (program < 0) return -program;
  try {
    const link = inNamespace(namespace, () => createXdpLink(program, findInterface(name).index, "native"));
    if (link < 0) return -link;
    closeSync(link);
    return 0;
  } finally {
    closeSync(program);
  }
}

export function nativeXdpOnVeth(): Feature {
  if (!hasCapability("CAP_SYS_ADMIN") || !hasCapability("CAP_NET_ADMIN")) {
    return { name: NAME, ok: null, found: "not tried: making a network namespace needs CAP_SYS_ADMIN", remedy: null };
  }
  const namespace = `zeta-doctor-${process.pid}`;
  const trouble = ip("netns", "add", namespace);
  if (trouble !== null) return { name: NAME, ok: null, found: `not tried: ${trouble}`, remedy: "Install iproute2." };
  try {
    const missing = ip("-n", namespace, "link", "add", "probe0", "type", "veth", "peer", "name", "probe1");
    if (missing !== null) return { name: NAME, ok: false, found: missing, remedy: REMEDY };
    const errno = attachIn(namespace, "probe0");
    return {
      name: NAME,
      ok: errno === 0,
      found: errno === 0 ? "attached and detached" : errnoName(errno),
      remedy: errno === 0 ? null : REMEDY,
    };
  } finally {
    ip("netns", "delete", namespace);
  }
}
