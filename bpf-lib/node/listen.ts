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
import type { Call } from "./call.ts";
import { NODE, zeta_node_services } from "./services.ts";
import { mayBeThere, Sieve } from "./sieve.ts";

export const listener = struct({ address: addressLayout, vni: u32, port: u16, protocol: u8 });
/**
 * The index of the service; and of which of its configs the entry is: bit 16 of those whose generation is even, bit 17 of the odd
 * ones. So a service's addresses change at the moment at which its config does (docs/decisions/0014-addresses-change-with-their-config.md).
 */
export const zeta_node_listen = map.hash({ key: listener, value: u32, max: 65_536 });

const INDEX = 0xffff;
const FIRST_BIT = 16;

/** The service of an entry, if that is of the config that serves; the packet then sees that config, whatever comes meanwhile. */
const standing = (found: U32, call: Call): U32 => {
  if (found === NODE) return NODE;
  const index: U32 = found & INDEX;
  const service = zeta_node_services.at(index);
  if (service === null) return NODE;
  const { generation } = service;
  call.generation = generation;
  return ((found >> (FIRST_BIT + (generation & 1))) & 1) === 0 ? NODE : index;
};

/** The service that takes packets to this address; `NODE` when none does. Notes the generation of its config. */
export const serviceAt = (call: Call, to: address, port: U16, protocol: U8): U32 => {
  const { vni } = call;
  if (!mayBeThere(Sieve.Listeners, vni, to)) return standing(entryOfAll(vni), call);
  const key = local(listener);
  key.address = to;
  key.vni = vni;
  key.port = port;
  key.protocol = protocol;
  const exact = standing(zeta_node_listen.get(key) ?? NODE, call);
  if (exact !== NODE) return exact;
  key.port = 0;
  const anyPort = standing(zeta_node_listen.get(key) ?? NODE, call);
  return anyPort === NODE ? standing(entryOfAll(vni), call) : anyPort;
};

/** The service that takes all outside overlays that no other takes, at slot 0: without a look-up in a hash map, since it is asked for every packet. */
export const zeta_node_everything = map.array({ value: u32, max: 1 });

const entryOfAll = (vni: U32): U32 => {
  if (vni === 0) return zeta_node_everything.at(0) ?? NODE;
  if (!mayBeThere(Sieve.Listeners, vni, 0n)) return NODE;
  return zeta_node_listen.get({ address: 0n, vni, port: 0, protocol: 0 }) ?? NODE;
};

/** The service that takes all of a network that no other takes. */
export const serviceOfAll = (vni: U32): U32 => entryOfAll(vni) & INDEX;
