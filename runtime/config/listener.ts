/** Places that services listen at and endpoints are at: their layouts and how they are written. */
import { formatAddress } from "../../sdk/layout/address.ts";
import { decode } from "../../sdk/layout/codec.ts";
import type { LayoutData } from "../../sdk/layout/data.ts";
import { mac, struct, u32 } from "../../sdk/layout/layouts.ts";
import { endpointText, PROTOCOLS } from "./text.ts";

/** What is given for an endpoint: the interface that leads to it, its MAC address, and the node's own there. */
export const PLACE = struct({ interface: u32, destination: mac, source: mac }).layout;

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PROTOCOLS).map(([name, number]) => [number, name]),
);

interface Listener {
  readonly address: bigint;
  readonly vni: number;
  readonly port: number;
  readonly protocol: number;
}

export function presentListener(layout: LayoutData, key: Uint8Array): unknown {
  const { address, vni, port, protocol } = decode(layout, key) as Listener;
  const name = PROTOCOL_NAMES.get(protocol);
  return name === undefined
    ? { address: formatAddress(address), vni, port, protocol }
    : `${endpointText(address, port === 0 ? "*" : port)}/${name}${vni === 0 ? "" : `@${vni}`}`;
}
