/** `openPacket` of zeta/bpf: the packet of the middlebox layer, for programs of the system layer. */
import type { Packet } from "zeta";
import type { Action, Frame } from "zeta/bpf";
import { open } from "./open.ts";
import { describe } from "./packet.ts";

const CLIENT = 0;

export const openPacket = (frame: Frame, use: (packet: Packet) => Action, other: () => Action): Action =>
  open(frame, (parts) => use(describe(parts, CLIENT, 0, { keyFields: true })), other);
