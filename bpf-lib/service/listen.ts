/** The addresses a service stands behind. Port 0 stands for every port of the address and protocol. */
import { type address, address as addressLayout, map, struct, type u8 as U8, type u16 as U16, u8, u16 } from "zeta/bpf";

export const listener = struct({ address: addressLayout, port: u16, protocol: u8 });
export const zeta_listen = map.hash({ key: listener, value: u8, max: 1024 });

export const isListener = (address: address, port: U16, protocol: U8): boolean =>
  zeta_listen.get({ address, port, protocol }) !== null || zeta_listen.get({ address, port: 0, protocol }) !== null;
