/** Runs one packet through programs as they were compiled, and counts the instructions on its way. */
import { compute, exchanged, holds, turned, word } from "./arithmetic.ts";
import type { Clocks } from "./clocks.ts";
import { HELPERS } from "./helpers.ts";
import type { Instruction, Reference } from "./linked.ts";
import type { Memory } from "./memory.ts";
import type { Code, Entry, World } from "./world.ts";

const STACK = 512;
const TAIL_CALL = 12;
const HEADROOM = 256;
const ROOM = 4096;

/** A packet with room around it, and what the kernel has made of it. */
export class PacketRoom {
  readonly address: bigint;
  readonly interface: number;
  readonly after: Uint8Array;
  #start = HEADROOM;
  #end: number;
  readonly #bytes = new Uint8Array(ROOM);

  constructor(memory: Memory, bytes: Uint8Array, at: number, after: Uint8Array) {
    this.#bytes.set(bytes, HEADROOM);
    this.#end = HEADROOM + bytes.length;
    this.address = memory.add(this.#bytes);
    this.interface = at;
    this.after = after;
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice(this.#start, this.#end);
  }

  /** A field of `struct xdp_md`, by its place. */
  field(place: number): bigint {
    if (place === 4) return this.address + BigInt(this.#end);
    if (place === 0 || place === 8) return this.address + BigInt(this.#start);
    return place === 12 ? BigInt(this.interface) : 0n;
  }

  adjustHead(bytes: number): bigint {
    this.#start += bytes;
    return 0n;
  }

  adjustTail(bytes: number): bigint {
    this.#end += bytes;
    return 0n;
  }
}

interface Place {
  readonly code: Code;
  readonly section: string;
  readonly at: number;
}

export class Machine {
  readonly world: World;
  readonly packet: PacketRoom;
  readonly clocks: Clocks;
  readonly #context: bigint;
  readonly #functions = new Map<bigint, Place>();
  /** So far. */
  instructions = 0;
  calls = 0;

  constructor(world: World, packet: PacketRoom, clocks: Clocks) {
    this.world = world;
    this.packet = packet;
    this.clocks = clocks;
    this.#context = world.memory.add(new Uint8Array(24));
  }

  /** What the program gives, tail calls followed. */
  run({ code, at }: Entry): Promise<bigint> {
    return this.#run({ code, section: at.section, at: at.offset / 8 }, [this.#context]);
  }

  /** Calls a function that was handed to the kernel. */
  call(address: bigint, given: readonly bigint[]): Promise<bigint> {
    const place = this.#functions.get(address);
    if (place === undefined) throw new RangeError(`No function stands at ${address.toString(16)}.`);
    return this.#run(place, given);
  }

  #constant(code: Code, { from, immediate, upper, reference }: Instruction): bigint {
    if (reference === null) return word((BigInt(upper) << 32n) | BigInt(immediate >>> 0));
    if (code.linked.sections.has(reference.section)) return this.#function(code, reference, immediate);
    const map = from === 0 ? code.map(reference.name) : null;
    if (map !== null) return this.world.mapAddress(map);
    return code.section(reference.section, this.world.memory) + BigInt(reference.offset + immediate);
  }

  #function(code: Code, { section, offset }: Reference, immediate: number): bigint {
    const address = this.world.memory.add(new Uint8Array(0));
    this.#functions.set(address, { code, section, at: (offset + immediate) / 8 });
    return address;
  }

  async #run(begin: Place, given: readonly bigint[]): Promise<bigint> {
    const { memory } = this.world;
    const r: bigint[] = Array.from({ length: 11 }, () => 0n);
    given.forEach((value, index) => {
      r[index + 1] = value;
    });
    r[10] = memory.add(new Uint8Array(STACK)) + BigInt(STACK);
    let { code, section, at } = begin;
    const reg = (index: number): bigint => r[index] as bigint;
    for (;;) {
      const one = code.linked.sections.get(section)?.[at];
      if (one === undefined) throw new RangeError(`No instruction ${at} in ${section}.`);
      this.instructions++;
      at++;
      const kind = one.code & 7;
      const bits = kind === 7 || kind === 5 ? 64 : 32;
      const operand = (one.code & 8) !== 0 ? reg(one.from) : BigInt(one.immediate);
      const size = [4, 2, 1, 8][(one.code >> 3) & 3] as number;
      switch (kind) {
        case 0:
          r[one.to] = this.#constant(code, one);
          at++;
          break;
        case 1: {
          const address = reg(one.from) + BigInt(one.offset);
          const place = Number(address - this.#context);
          r[one.to] = place >= 0 && place < 24 ? this.packet.field(place) : memory.read(address, size);
          break;
        }
        case 2:
          memory.write(reg(one.to) + BigInt(one.offset), size, BigInt(one.immediate));
          break;
        case 3:
          this.#store(one, size, r);
          break;
        case 4:
        case 7:
          r[one.to] =
            one.code >> 4 === 13
              ? (one.code & 8) !== 0
                ? turned(reg(one.to), one.immediate)
                : BigInt.asUintN(one.immediate, reg(one.to))
              : compute(one.code >> 4, reg(one.to), operand, bits);
          break;
        default: {
          const jump = one.code >> 4;
          if (jump === 9) return reg(0);
          if (jump === 0) at += bits === 32 ? one.immediate : one.offset;
          else if (jump !== 8) {
            if (holds(jump, reg(one.to), operand, bits)) at += one.offset;
          } else if (one.from === 1) {
            const { reference: to } = one;
            const target =
              to === null
                ? { section, at: at + one.immediate }
                : { section: to.section, at: to.offset / 8 + one.immediate + 1 };
            r[0] = await this.#run({ code, ...target }, r.slice(1, 6));
          } else if (one.immediate === TAIL_CALL) {
            this.calls++;
            const entry = await this.#tailCall(reg(2), reg(3));
            if (entry === null) break;
            ({ code } = entry);
            ({ section } = entry.at);
            at = entry.at.offset / 8;
            r[1] = this.#context;
          } else {
            const helper = HELPERS[one.immediate];
            if (helper === undefined) throw new RangeError(`The kernel's function ${one.immediate} is not known here.`);
            this.calls++;
            r[0] = word(await helper(this, [reg(1), reg(2), reg(3), reg(4), reg(5)]));
          }
        }
      }
    }
  }

  #store(one: Instruction, size: number, r: bigint[]): void {
    const { memory } = this.world;
    const address = (r[one.to] as bigint) + BigInt(one.offset);
    const value = r[one.from] as bigint;
    if (one.code >> 5 !== 6) return memory.write(address, size, value);
    const old = memory.read(address, size);
    memory.write(address, size, exchanged(one.immediate, old, value, r[0] as bigint));
    if ((one.immediate & 0xf0) === 0xf0) r[0] = old;
    else if ((one.immediate & 1) !== 0) r[one.from] = old;
  }

  async #tailCall(map: bigint, index: bigint): Promise<Entry | null> {
    const key = Buffer.alloc(4);
    key.writeUInt32LE(Number(index & 0xffff_ffffn));
    const value = await this.world.value(this.world.mapAt(map), key);
    return value === 0n ? null : this.world.program(Number(this.world.memory.read(value, 4)));
  }
}
