/**
 * The addresses that services stand behind. Port 0 stands for every port of the address and protocol; address, port and
 * protocol 0 stand for all of a network that no other entry names.
 */
import {
  type address,
  address as addressLayout,
  map,
  struct,
  type u8 as U8,
  type u16 as U16,
  u8,
  u16,
  u32,
} from "zeta/bpf";
import { NODE } from "./services.ts";

export const listener = struct({ address: addressLayout, vni: u32, port: u16, protocol: u8 });
/** The index of the service. */
export const zeta_node_listen = map.hash({ key: listener, value: u32, max: 65_536 });

/** The service that takes packets to this address; `NODE` when none does. */
export const serviceAt = (vni: u32, address: address, port: U16, protocol: U8): u32 =>
  zeta_node_listen.get({ address, vni, port, protocol }) ??
  zeta_node_listen.get({ address, vni, port: 0, protocol }) ??
  zeta_node_listen.get({ address: 0n, vni, port: 0, protocol: 0 }) ??
  NODE;
