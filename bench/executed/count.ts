/**
 * How many instructions a packet runs through, as they were compiled, in all the programs on its way: each counts as one, a call
 * of the kernel's functions too. How long programs are says little of that: a node's root takes every kind of packet.
 */
import type { Way } from "../report/row.ts";
import type { Clocks } from "./clocks.ts";
import { Machine, PacketRoom } from "./machine.ts";
import { type Compiled, World } from "./world.ts";

export interface Run {
  /** All that may be entered, by tail call too. */
  readonly code: readonly Compiled[];
  /** By its number in the kernel: where the packet enters. */
  readonly program: number;
  readonly packet: Uint8Array;
  /** Where it comes in. */
  readonly interface: number;
  /** From before the kernel had the same packet: between two packets of a source that sends many, they stand still. */
  readonly clocks: Clocks;
  /** What the kernel has made of it. */
  readonly after: { readonly action: number; readonly packet: Uint8Array };
}

/** @throws Error when it comes to something else than in the kernel: the count would be of another way. */
export async function wayOf({ code, program, packet, interface: at, clocks, after }: Run): Promise<Way> {
  const world = new World(code);
  try {
    const entry = world.program(program);
    if (entry === null) throw new RangeError(`Program ${program} is not in what was compiled.`);
    const room = new PacketRoom(world.memory, packet, at, after.packet);
    const machine = new Machine(world, room, clocks);
    const action = Number(await machine.run(entry));
    if (action !== after.action || !Buffer.from(room.bytes).equals(after.packet))
      throw new Error(`The packet came to ${action} here, and to ${after.action} in the kernel, or to other bytes.`);
    const { instructions, calls } = machine;
    return { instructions, calls };
  } finally {
    world.close();
  }
}
