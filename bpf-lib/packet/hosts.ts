/** Whom a packet is from and to: answers go only to one host, about what was sent to one host. */
import { type address, isIpv4, type u32 as U32, u32 } from "zeta/bpf";
import type { Parts } from "./open.ts";

/** The bit of a MAC address that says it is a group's. */
const GROUP = 1n << 40n;
const LOOPBACK4 = 127;
const FIRST_MULTICAST4 = 224;
const LOOPBACK6 = 1n;
const MULTICAST6 = 0xff;

/** Whether an address can be one host's on a network: not unspecified, loopback, multicast or broadcast. */
export const isHost = (of: address): boolean => {
  if (!isIpv4(of)) return of !== 0n && of !== LOOPBACK6 && u32(of >> 120n) !== MULTICAST6;
  const first: U32 = u32(of) >> 24;
  return first !== 0 && first !== LOOPBACK4 && first < FIRST_MULTICAST4;
};

/** Nothing is answered that did not go from one host to one host (RFC 1122 section 3.2.2, RFC 4443 section 2.4), nor a fragment but the first. */
export const betweenHosts = ({ ethernet, later, source, destination }: Parts): boolean =>
  !later && (ethernet.destination & GROUP) === 0n && isHost(source) && isHost(destination);
