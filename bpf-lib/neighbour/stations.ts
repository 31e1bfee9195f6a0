/** MAC addresses: whom they reach. */
import { mac } from "zeta/bpf";

const GROUP = mac("01:00:00:00:00:00");

/** Multicast or broadcast: never a sender. */
export const isGroup = (of: mac): boolean => (of & GROUP) !== mac(0n);

/** Whether a frame to `destination` is meant for a station: one that a bridge has flooded is not. */
export const reaches = (destination: mac, station: mac): boolean => destination === station || isGroup(destination);
