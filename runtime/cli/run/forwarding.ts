/** Whether the kernel would forward what comes by an interface: services that decide ask it for routes, and it gives none otherwise. */
import { readFileSync } from "node:fs";
import type { Problem } from "../../../compiler/diagnostics/problem.ts";
import type { Attachment } from "../../attach/attach.ts";
import { inNamespace } from "../../loader/network-namespace.ts";
import { forwardsNothing } from "../../loader/problems.ts";

/** Null where the kernel does not say: a family that it does not have. */
function isForwarded(family: "ipv4" | "ipv6", name: string): boolean | null {
  try {
    return readFileSync(`/proc/sys/net/${family}/conf/${name}/forwarding`, "utf8").trim() !== "0";
  } catch {
    return null;
  }
}

/** A problem for each interface by which no IPv4 packet would be forwarded: routers of IPv6 alone are rare, and hosts without it are not. */
export function unforwarded(attachments: readonly Attachment[]): readonly Problem[] {
  return attachments.flatMap(({ interface: { name }, namespace }) => {
    const look = () => ({ four: isForwarded("ipv4", name), six: isForwarded("ipv6", name) });
    const { four, six } = namespace === null ? look() : inNamespace(namespace, look);
    return four === false ? [forwardsNothing(null, name, six === false)] : [];
  });
}
