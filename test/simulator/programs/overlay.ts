/**
 * The second tenant of simulated clusters. Its clients have the addresses of the first one's, and are behind a host in an overlay; what
 * they speak to is outside, like that of the first.
 */

import { NODE_MAP } from "../../../runtime/node/shapes.ts";
import { parseAddress } from "../../../sdk/layout/address.ts";
import { onesComplementSum } from "../../kit/checksum.ts";
import { macOf, OUTSIDE } from "../../kit/cluster/cluster.ts";
import { makeMember } from "../../kit/cluster/member.ts";
import type { ConfigParts } from "../../kit/targets/interpreter-config.ts";
import { interpretedRawMap } from "../../kit/targets/interpreter-map.ts";
import type { Compiled } from "../../kit/targets/target.ts";

/** Its network. */
export const NETWORK = 71;
/** Where forwarders take packets of overlays in, all of them; and the host that the clients are behind. */
export const TUNNEL = "192.0.2.1";
const HOST = "198.51.100.9";

const ETHERNET = 14;
const IP = 20;
const UDP = 8;
const VXLAN = 8;
const OUTER = ETHERNET + IP + UDP + VXLAN;
const VXLAN_PORT = 4789;
const IS_VNI = 0x08;

const four = (address: string): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Number((parseAddress(address) as bigint) & 0xffff_ffffn));
  return bytes;
};

/** As the host sends it: RFC 7348, without a UDP checksum. */
export function wrapped(inner: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(OUTER + inner.length);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 2, 9, 8, 0]);
  frame[ETHERNET] = 0x45;
  frame.writeUInt16BE(frame.length - ETHERNET, ETHERNET + 2);
  frame.set([64, 17], ETHERNET + 8);
  four(HOST).copy(frame, ETHERNET + 12);
  four(TUNNEL).copy(frame, ETHERNET + 16);
  frame.writeUInt16BE(~onesComplementSum(frame.subarray(ETHERNET, ETHERNET + IP)) & 0xffff, ETHERNET + 10);
  const udp = ETHERNET + IP;
  frame.writeUInt16BE(50_000, udp);
  frame.writeUInt16BE(VXLAN_PORT, udp + 2);
  frame.writeUInt16BE(UDP + VXLAN + inner.length, udp + 4);
  frame[udp + UDP] = IS_VNI;
  frame.writeUIntBE(NETWORK, udp + UDP + 4, 3);
  frame.set(inner, OUTER);
  return frame;
}

export interface Unwrapped {
  /** 0 of a frame that is in no overlay. */
  readonly network: number;
  readonly frame: Uint8Array;
  /** What is wrong with what it was wrapped in. */
  readonly wrong: string | null;
}

export function unwrapped(frame: Uint8Array): Unwrapped {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  const udp = ETHERNET + IP;
  const isWrapped =
    bytes.length > OUTER &&
    bytes.readUInt16BE(12) === 0x0800 &&
    bytes[ETHERNET + 9] === 17 &&
    bytes.readUInt16BE(udp + 2) === VXLAN_PORT;
  if (!isWrapped) return { network: 0, frame, wrong: null };
  const isToHost = Buffer.compare(bytes.subarray(ETHERNET + 16, udp), four(HOST)) === 0;
  const isWhole = onesComplementSum(bytes.subarray(ETHERNET, udp)) === 0xffff;
  const wrong = isToHost ? (isWhole ? null : "is wrapped under a wrong checksum") : "goes to another host";
  return { network: bytes.readUIntBE(udp + UDP + 4, 3), frame: frame.subarray(OUTER), wrong };
}

/** What stands in a node's maps. */
export interface Told {
  readonly map: string;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const MAPS = [NODE_MAP.hops, NODE_MAP.endpoints, NODE_MAP.stations, NODE_MAP.sieve] as const;
const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** What tells a forwarder where the clients are; the same for all. Its services write other places of these maps. */
export async function clientsAt(
  forwarder: Compiled,
  configParts: ConfigParts,
  addresses: readonly string[],
): Promise<readonly Told[]> {
  const parts = { role: "forwarder" as const, node: forwarder, services: [], constants: {}, configParts };
  const { underlay, machine } = makeMember(parts, {});
  await underlay.endpoints.set(
    addresses.map((address) => ({
      vni: NETWORK,
      address,
      kind: "vxlan" as const,
      local: TUNNEL,
      remote: HOST,
      mac: "02:00:00:00:01:07",
      gatewayMac: "02:00:00:00:01:01",
      interface: OUTSIDE,
      source: macOf(1),
      destination: "02:00:00:00:02:09",
    })),
  );
  return MAPS.flatMap((map) =>
    [...interpretedRawMap(machine.maps[map] as never, machine).entries()].flatMap(([key, value]) =>
      isZero(value) ? [] : [{ map, key, value }],
    ),
  );
}
