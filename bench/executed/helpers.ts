/** The kernel's functions, by number (include/uapi/linux/bpf.h), as far as paths that are measured call them. */

import type { Machine } from "./machine.ts";

type Arguments = readonly [bigint, bigint, bigint, bigint, bigint];
export type Helper = (machine: Machine, given: Arguments) => bigint | Promise<bigint>;

const XDP_REDIRECT = 4n;

const find: Helper = ({ world }, [map, key]) => {
  const handle = world.mapAt(map);
  return world.value(handle, world.memory.bytes(key, handle.keySize));
};

/** What packets that are measured meet is there: if it were not found, this would not be the way that is measured. */
const put: Helper = async (machine, [map, key, value, flags]) => {
  const { world } = machine;
  const there = await find(machine, [map, key, value, flags, 0n]);
  if (there === 0n) throw new RangeError(`A packet of a known flow adds to '${world.mapAt(map).name}'.`);
  const { valueSize } = world.mapAt(map);
  world.memory.bytes(there, valueSize).set(world.memory.bytes(value, valueSize));
  return 0n;
};

const checksum = (bytes: Uint8Array, invert: boolean): bigint => {
  let sum = 0n;
  const view = Buffer.from(bytes);
  for (let at = 0; at < view.length; at += 4)
    sum += BigInt(invert ? ~view.readUInt32LE(at) >>> 0 : view.readUInt32LE(at));
  return sum;
};

const checksumDiff: Helper = ({ world: { memory } }, [from, fromSize, to, toSize, seed]) => {
  let sum = seed & 0xffff_ffffn;
  if (fromSize > 0n) sum += checksum(memory.bytes(from, Number(fromSize)), true);
  if (toSize > 0n) sum += checksum(memory.bytes(to, Number(toSize)), false);
  while (sum >> 16n !== 0n) sum = (sum & 0xffffn) + (sum >> 16n);
  return sum;
};

/** The kernel has said by what it did with the packet where the next hop is. */
const route: Helper = ({ world: { memory }, packet }, [, parameters]) => {
  const asked = Buffer.from(memory.bytes(parameters, 64).buffer, memory.bytes(parameters, 64).byteOffset, 64);
  asked.writeUInt32LE(packet.interface, 8);
  asked.set(packet.after.subarray(6, 12), 52);
  asked.set(packet.after.subarray(0, 6), 58);
  return 0n;
};

const loop: Helper = async (machine, [turns, callback, context]) => {
  let turn = 0n;
  for (; turn < turns; turn++) if ((await machine.call(callback, [turn, context])) !== 0n) return turn + 1n;
  return turn;
};

export const HELPERS: Readonly<Record<number, Helper>> = {
  1: find,
  2: put,
  3: () => 0n,
  5: () => process.hrtime.bigint(),
  7: () => 0x1234_5678n,
  8: () => 0n,
  23: () => XDP_REDIRECT,
  28: checksumDiff,
  44: ({ packet }, [, bytes]) => packet.adjustHead(Number(BigInt.asIntN(32, bytes))),
  51: () => XDP_REDIRECT,
  65: ({ packet }, [, bytes]) => packet.adjustTail(Number(BigInt.asIntN(32, bytes))),
  69: route,
  118: ({ clocks }) => clocks.ticks,
  160: ({ clocks }) => clocks.coarse,
  181: loop,
  189: ({ world, packet }, [, at, into, length]) => {
    world.memory.bytes(into, Number(length)).set(packet.bytes.subarray(Number(at), Number(at + length)));
    return 0n;
  },
};
