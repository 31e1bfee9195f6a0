/**
 * Whether a packet holds what its headers say (RFC 1812 section 5.2.2), read by hand: what does not, a node never sends on, and
 * the rivals in C, which look at no lengths, do as they like with.
 */
const TAGS = new Set([0x8100, 0x88a8]);
const [HOP_BY_HOP, TCP, UDP, ROUTING, FRAGMENT, OPTIONS] = [0, 6, 17, 43, 44, 60];
const ICMP: readonly number[] = [1, 58];

/** Where the transport header is, of which protocol, up to where the packet goes; whether it is part of a whole. */
interface Transport {
  readonly protocol: number;
  readonly at: number;
  readonly end: number;
  readonly piece: boolean;
  readonly later: boolean;
}

function transportOf(view: DataView): Transport | null {
  let network = 14;
  while (network < 22 && TAGS.has(view.getUint16(network - 2))) network += 4;
  if (view.getUint16(network - 2) === 0x0800) {
    const fragment = view.getUint16(network + 6);
    return {
      protocol: view.getUint8(network + 9),
      at: network + (view.getUint8(network) & 15) * 4,
      end: network + view.getUint16(network + 2),
      piece: (fragment & 0x2000) !== 0,
      later: (fragment & 0x1fff) !== 0,
    };
  }
  if (view.getUint16(network - 2) !== 0x86dd) return null;
  const end = network + 40 + view.getUint16(network + 4);
  let [protocol, at, piece, later] = [view.getUint8(network + 6), network + 40, false, false];
  while ([HOP_BY_HOP, ROUTING, FRAGMENT, OPTIONS].includes(protocol) && !later) {
    const fragment = protocol === FRAGMENT;
    if (fragment) [piece, later] = [(view.getUint16(at + 2) & 1) !== 0, view.getUint16(at + 2) >> 3 !== 0];
    protocol = view.getUint8(at);
    at += fragment ? 8 : view.getUint8(at + 1) * 8 + 8;
  }
  return { protocol, at, end, piece, later };
}

function fits(view: DataView, { protocol, at, end }: Transport): boolean {
  const room = end - at;
  if (end > view.byteLength || room < 0) return false;
  if (protocol === TCP) {
    const header = room >= 20 ? (view.getUint8(at + 12) >> 4) * 4 : 0;
    return header >= 20 && room >= header;
  }
  if (protocol === UDP) {
    const length = room >= 8 ? view.getUint16(at + 4) : 0;
    return length >= 8 && room >= length;
  }
  return !ICMP.includes(protocol) || room >= 8;
}

/** Neighbours' questions are the link's own affair: a node never shows them to a service. */
const isSolicitation = (view: DataView, { protocol, at }: Transport): boolean =>
  protocol === 58 && view.getUint8(at) === 135;

/** Whether rivals in C make of it what a node does: it is whole, no fragment, which a node keeps to its first, and no solicitation. */
export function isPlain(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const transport = transportOf(view);
    if (transport === null) return true;
    return !transport.piece && !transport.later && fits(view, transport) && !isSolicitation(view, transport);
  } catch (error) {
    // Read beyond its end.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Whether a plain packet is of TCP or UDP. */
export function isPortful(bytes: Uint8Array): boolean {
  const { protocol } = transportOf(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)) ?? {};
  return protocol === TCP || protocol === UDP;
}
