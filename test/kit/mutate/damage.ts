/** Ways in which packets arrive broken. */
import { concat } from "../bytes.ts";
import { dissect } from "../packet/dissect.ts";
import { fromBytes, type Packet } from "../packet/packet.ts";
import { type Random, random } from "../random.ts";

/** The packet cut at every byte: lengths 0 to one less than its own. */
export const truncations = (packet: Packet): Packet[] =>
  Array.from({ length: packet.bytes.length }, (_, length) => packet.truncate(length));

function flipped(bytes: Uint8Array, draw: Random, count: number): Uint8Array {
  const out = bytes.slice();
  if (out.length === 0) return out;
  for (let i = 0; i < count; i++) {
    const at = draw.below(out.length);
    out[at] = (out[at] as number) ^ (1 << draw.below(8));
  }
  return out;
}

/** `count` copies with one to eight flipped bits each; the same seed flips the same bits. */
export function bitFlips(packet: Packet, { seed, count }: { readonly seed: number; readonly count: number }): Packet[] {
  const draw = random(seed);
  return Array.from({ length: count }, () => fromBytes(flipped(packet.bytes, draw, draw.between(1, 8))));
}

/** Overwrites a byte or two of a header: where lengths, types and next headers stand. */
function headerChanged(bytes: Uint8Array, draw: Random): Uint8Array {
  const places = dissect(bytes).places.filter(({ headerSize, at }) => headerSize > 0 && at < bytes.length);
  if (places.length === 0) return bytes;
  const { at, headerSize } = draw.pick(places);
  const out = bytes.slice();
  const position = at + draw.below(Math.min(headerSize, 40, bytes.length - at));
  out[position] = draw.weighted([
    [2, draw.below(256)],
    [1, 0],
    [1, 255],
    [1, ((out[position] as number) + 1) & 0xff],
  ]);
  return out;
}

/** One broken packet from a whole one: cut, flipped, a header field changed, lengthened, or several of these. */
export function damaged(packet: Packet, draw: Random): Packet {
  const { bytes } = packet;
  const hurt = (input: Uint8Array): Uint8Array =>
    draw.weighted<() => Uint8Array>([
      [4, () => input.slice(0, draw.below(input.length + 1))],
      [3, () => flipped(input, draw, draw.between(1, 4))],
      [4, () => headerChanged(input, draw)],
      [1, () => concat(input, draw.bytes(draw.below(64)))],
    ])();
  return fromBytes(draw.chance(0.25) ? hurt(hurt(bytes)) : hurt(bytes));
}
