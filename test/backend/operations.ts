/** A program that applies operations to two values in the packet and writes every result back into it. */
import { BITS, type Module, type Op, type Operand, type Scalar, type Temp } from "../../compiler/ir/ir.ts";
import { type BlockBuilder, ModuleBuilder, u32 } from "../kit/ir.ts";

/** Every value takes this many bytes in the packet, little-endian. */
const CELL = 16;
const TX = 3;

const sizeOf = (type: Scalar): number => Math.max(1, BITS[type] / 8);

export interface Applied {
  readonly name: string;
  readonly type: Scalar;
  readonly make: (a: Temp, b: Temp) => Op;
}

function place(to: BlockBuilder, index: number, cells: number): Operand {
  const at = to.let("packet", { op: "packetAt", offset: u32(index * CELL), max: index * CELL });
  to.if(
    to.let("bool", { op: "packetFits", place: at, bytes: cells * CELL }),
    () => undefined,
    () => to.return(u32(0)),
  );
  return at;
}

/** Operands of type `type` lie in the first two cells, results in the cells after. */
export function applying(type: Scalar, operations: readonly Applied[]): Module {
  const module = new ModuleBuilder("applying");
  module.program("applying", (to) => {
    const start = place(to, 0, operations.length + 2);
    const [a, b] = [to.load(type, sizeOf(type), start, 0), to.load(type, sizeOf(type), start, CELL)];
    for (const [index, { type: result, make }] of operations.entries()) {
      to.store(to.let(result, make(a, b)), sizeOf(result), start, (index + 2) * CELL);
    }
    to.return(u32(TX));
  });
  return module.build();
}

function toBytes(value: bigint): Uint8Array {
  const bits = BigInt.asUintN(CELL * 8, value);
  return Uint8Array.from({ length: CELL }, (_, index) => Number((bits >> BigInt(8 * index)) & 0xffn));
}

export function inputPacket(a: bigint, b: bigint, operations: readonly Applied[]): Uint8Array {
  const packet = new Uint8Array((operations.length + 2) * CELL);
  packet.set(toBytes(a), 0);
  packet.set(toBytes(b), CELL);
  return packet;
}

/** The result of an operation, as an unsigned value of its width. */
export function resultOf(packet: Uint8Array, index: number, type: Scalar): bigint {
  const at = (index + 2) * CELL;
  let value = 0n;
  for (let byte = sizeOf(type) - 1; byte >= 0; byte--) value = (value << 8n) | BigInt(packet[at + byte] ?? 0);
  return value;
}
