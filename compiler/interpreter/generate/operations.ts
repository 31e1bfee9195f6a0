/** Every operation of the IR, by name: one that is missing here is a type error. */
import type { Op, Temp } from "../../ir/ir.ts";
import type { FunctionWriter } from "./function-writer.ts";
import { kernel } from "./kernel.ts";
import type { OpLowering, OpLowerings, OpName } from "./lowering.ts";
import { maps } from "./maps.ts";
import { memory } from "./memory.ts";
import { places } from "./places.ts";
import { scalars } from "./scalars.ts";

const OPERATIONS: OpLowerings<OpName> = { ...scalars, ...places, ...memory, ...maps, ...kernel };

export function writeOperation(op: Op, to: FunctionWriter, result: Temp | null): void {
  // The table pairs each name with its own operation, which a call through a union of names cannot express.
  (OPERATIONS[op.op] as OpLowering<OpName>)(op as never, to, result);
}
