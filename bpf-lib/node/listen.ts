/**
 * The addresses that services stand behind. Port 0 stands for every port of the address and protocol; address, port and
 * protocol 0 stand for all of a network that no other entry names.
 */
import {
  type address,
  address as addressLayout,
  local,
  map,
  struct,
  type u8 as U8,
  type u16 as U16,
  type u32 as U32,
  u8,
  u16,
  u32,
} from "zeta/bpf";
import { NODE } from "./services.ts";
import { mayBeThere, Sieve } from "./sieve.ts";

export const listener = struct({ address: addressLayout, vni: u32, port: u16, protocol: u8 });
/** The index of the service. */
export const zeta_node_listen = map.hash({ key: listener, value: u32, max: 65_536 });

/** The service that takes packets to this address; `NODE` when none does. */
export const serviceAt = (vni: U32, to: address, port: U16, protocol: U8): U32 => {
  if (!mayBeThere(Sieve.Listeners, vni, to)) return serviceOfAll(vni);
  const key = local(listener);
  key.address = to;
  key.vni = vni;
  key.port = port;
  key.protocol = protocol;
  const exact = zeta_node_listen.get(key);
  if (exact !== null) return exact;
  key.port = 0;
  const anyPort = zeta_node_listen.get(key);
  if (anyPort !== null) return anyPort;
  return serviceOfAll(vni);
};

/** The service that takes all outside overlays that no other takes, at slot 0: without a look-up in a hash map, since it is asked for every packet. */
export const zeta_node_everything = map.array({ value: u32, max: 1 });

/** The service that takes all of a network that no other takes. */
export const serviceOfAll = (vni: U32): U32 => {
  if (vni === 0) return zeta_node_everything.at(0) ?? NODE;
  if (!mayBeThere(Sieve.Listeners, vni, 0n)) return NODE;
  return zeta_node_listen.get({ address: 0n, vni, port: 0, protocol: 0 }) ?? NODE;
};
