/** Jump tables: program arrays, whose slots tail calls go to. An update takes microseconds and never stops packets. */

import type { MapHandle } from "../loader/map-handle.ts";
import { lookup, remove, update } from "../loader/map-operations.ts";
import type { LoadedProgram } from "../loader/program.ts";
import { word } from "../loader/word.ts";

export interface JumpTable {
  readonly handle: MapHandle;
  /** Number of the program in a slot, or null. */
  get(slot: number): number | null;
  /** The table keeps the program in the kernel only while someone holds the table itself. */
  set(slot: number, program: LoadedProgram): void;
  /** Empties a slot: tail calls to it fall through. Returns whether it held a program. */
  delete(slot: number): boolean;
}

export const jumpTableOver = (handle: MapHandle): JumpTable => ({
  handle,
  get(slot) {
    const id = lookup(handle, word(slot));
    return id === null ? null : Buffer.from(id).readUInt32LE(0);
  },
  set(slot, program) {
    update(handle, word(slot), word(program.fd));
  },
  delete: (slot) => remove(handle, word(slot)),
});
