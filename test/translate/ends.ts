/** What the tests of translation between the families have in common: the ends that packets get, and the names of refusals. */
import type { Packet } from "../kit/index.ts";
import type { Judges } from "../kit-tests/judges.ts";

/** In the order of `Refusal` (bpf-lib/translate). */
export const REFUSALS = [
  "",
  "malformed",
  "source route",
  "protocol",
  "message",
  "fragment",
  "checksum",
  "room",
  "options",
] as const;
export const V4 = { source: "192.0.2.1", destination: "198.51.100.2" } as const;
export const V6 = { source: "2001:db8:a::7", destination: "64:ff9b::c633:6402" } as const;
export const PORTS = { sourcePort: 50_001, destinationPort: 8080 } as const;

/** The ends that a packet of one family gets in the other. */
export const endsFor = (packet: Packet): typeof V4 | typeof V6 =>
  packet.layers.some(({ kind }) => kind === "ipv4") ? V6 : V4;

/** An Ethernet frame of what an expression in scapy's words says, behind `tags`. */
export const framed =
  (judges: Judges) =>
  (expression: string, tags = ""): Promise<Packet> =>
    judges.built(`Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")${tags}/${expression}`);
