import { compiledOnly } from "../compiled.ts";
import type { Packet } from "../middlebox/packet.ts";
import type { Frame } from "./frame.ts";
import type { Action } from "./program.ts";

/**
 * Opens an IPv4 or IPv6 packet as middleboxes see it: nullable header views in host order, whose writes keep the IP, TCP,
 * UDP and ICMPv6 checksums right. Everything may be written, addresses and ports too. `other` gets what is neither, or
 * too short for its network header or ports.
 */
export const openPacket = (_frame: Frame, _use: (packet: Packet) => Action, _other: () => Action): Action =>
  compiledOnly("openPacket");
