/** Jump table: programs by index, which tail calls go to. */
import { E2BIG, EINVAL, ENOENT } from "../kernel/errno.ts";
import { type InterpretedMap, indexKey, MapBase, type ProgramReference } from "./map.ts";
import { identifier } from "./members.ts";

export class ProgArrayMap extends MapBase {
  readonly #programs: (ProgramReference | undefined)[] = [];

  override program(index: number): ProgramReference | null {
    return index < this.data.maxEntries ? (this.#programs[index] ?? null) : null;
  }

  override insert(key: Uint8Array, member: ProgramReference | InterpretedMap): number {
    const index = this.keyView(key).getUint32(0, true);
    if (index >= this.data.maxEntries) return -E2BIG;
    if (!("enter" in member)) return -EINVAL;
    this.#programs[index] = member;
    return 0;
  }

  override lookup(key: Uint8Array): Uint8Array | null {
    const program = this.program(this.keyView(key).getUint32(0, true));
    return program === null ? null : identifier(program);
  }

  /** Members are inserted; a number means nothing here. */
  override update(): number {
    return -EINVAL;
  }

  override delete(key: Uint8Array): number {
    const index = this.keyView(key).getUint32(0, true);
    if (index >= this.data.maxEntries) return -E2BIG;
    if (this.#programs[index] === undefined) return -ENOENT;
    this.#programs[index] = undefined;
    return 0;
  }

  override entries(): [Uint8Array, Uint8Array][] {
    return this.#programs.flatMap((program, index) =>
      program === undefined ? [] : [[indexKey(index), identifier(program)]],
    );
  }
}
