/** Bytes → layers. Never throws: what cannot be read is payload, and the result says where and why reading stopped. */
import { decodeLayer } from "../headers/index.ts";
import type { Layer, LayerKind } from "./layers.ts";
import { type ChecksumVerdict, verifyChecksum } from "./verify.ts";

/** Where a layer lies. `path` names it: "ipv4", "vlan[1]", "inner.tcp" in a tunnel, "original.ipv4" in an ICMP error. */
export interface Place {
  readonly path: string;
  readonly at: number;
  readonly headerSize: number;
}

export interface Stopped {
  /** Offset in the packet of the layer that could not be read, or the packet's end if it is only cut short. */
  readonly at: number;
  /** Path of the layer that could not be read, or that promises more than is there. */
  readonly layer: string;
  readonly reason: string;
}

export interface Dissection {
  readonly layers: readonly Layer[];
  /** One for each layer. */
  readonly places: readonly Place[];
  /** Null when every header is whole and as long as it says. */
  readonly stopped: Stopped | null;
  /** One for each checksum, outermost first. */
  readonly checksums: readonly ChecksumVerdict[];
}

const QUOTING: ReadonlySet<LayerKind> = new Set(["icmp", "icmpv6"]);
const isNetwork = (kind: LayerKind): boolean => kind === "ipv4" || kind === "ipv6";

/** The prefix of what follows: a second network header or frame is inside a tunnel, or quoted by an ICMP error. */
function prefixOf(prefix: string, previous: Layer | undefined, kind: LayerKind, networks: number): string {
  if (previous === undefined) return prefix;
  if (QUOTING.has(previous.kind) && isNetwork(kind)) return `${prefix}original.`;
  if (kind === "ethernet" || (isNetwork(kind) && networks > 0)) return `${prefix}inner.`;
  return prefix;
}

const splitsDatagram = (layer: Layer): boolean =>
  layer.kind === "ipv4"
    ? layer.moreFragments || layer.fragmentOffset > 0
    : layer.kind === "fragment" && (layer.moreFragments || layer.offset > 0);

export function dissect(bytes: Uint8Array, first: LayerKind = "ethernet"): Dissection {
  const layers: Layer[] = [];
  const places: Place[] = [];
  const checksums: ChecksumVerdict[] = [];
  const seen = new Map<string, number>();
  let unread: Stopped | null = null;
  let short: Stopped | null = null;
  let prefix = "";
  let networks = 0;
  let whole = true;
  let quoted = false;
  let rest = bytes;

  const place = (layer: Layer, headerSize: number): Place => {
    const name = prefix + layer.kind;
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    const placed = {
      path: count === 0 ? name : `${name}[${count}]`,
      at: rest.byteOffset - bytes.byteOffset,
      headerSize,
    };
    layers.push(layer);
    places.push(placed);
    return placed;
  };
  for (let kind: LayerKind | null = first; kind !== null; ) {
    const outside = prefix;
    prefix = prefixOf(prefix, layers.at(-1), kind, networks);
    if (prefix !== outside) {
      quoted ||= prefix.endsWith("original.");
      networks = 0;
      whole = true;
    }
    const decoded = decodeLayer(kind, rest);
    if ("stop" in decoded) {
      // A quoted packet is cut short by design.
      if (!quoted) unread = { at: rest.byteOffset - bytes.byteOffset, layer: prefix + kind, reason: decoded.stop };
      break;
    }
    const placed = place(decoded.layer, decoded.headerSize);
    if (isNetwork(kind)) networks++;
    // A fragment's transport header may promise more than this fragment holds.
    if (decoded.missing > 0 && whole && !quoted) {
      short ??= {
        at: bytes.length,
        layer: placed.path,
        reason: `promises ${decoded.missing} bytes more than are there`,
      };
    }
    if (decoded.missing > 0 || splitsDatagram(decoded.layer)) whole = false;
    const datagram = rest.subarray(0, decoded.headerSize + decoded.payload.length);
    const verdict = verifyChecksum(decoded.layer, placed.path, datagram, layers, whole);
    if (verdict !== null) checksums.push(verdict);
    rest = decoded.payload;
    kind = decoded.next;
  }
  if (rest.length > 0) place({ kind: "payload", bytes: rest }, rest.length);
  return { layers, places, stopped: unread ?? short, checksums };
}
