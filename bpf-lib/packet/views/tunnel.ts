/** Tunnels that a packet carries through. */
import { geneveHeader, OverlayPort, type u16, type u32, vxlanHeader } from "zeta/bpf";
import { type Parts, udpOf } from "../open.ts";

/** The network identifier of a tunnel header after UDP. */
const tunnelAt = (parts: Parts, port: u16): u32 | null => {
  const udp = udpOf(parts);
  if (udp === null || udp.destinationPort !== port) return null;
  const body = parts.frame.cursor(parts.transportAt + 8);
  if (port === OverlayPort.Vxlan) {
    const vxlan = body.peek(vxlanHeader);
    return vxlan === null || vxlan.flags.valid === 0 ? null : vxlan.network.vni;
  }
  const geneve = body.peek(geneveHeader);
  return geneve === null || geneve.start.version !== 0 ? null : geneve.network.vni;
};

export const tunnelView = (parts: Parts, port: u16) => {
  const vni = tunnelAt(parts, port);
  if (vni === null) return null;
  const identifier: u32 = vni;
  return { vni: identifier };
};
