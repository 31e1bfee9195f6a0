/** What every interpreted map is: the side that programs use, and the side that plays user space. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import type { MapData } from "../../../sdk/maps/data.ts";
import { InterpreterFault } from "../fault.ts";
import { EINVAL, EOPNOTSUPP } from "../kernel/errno.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { copyBytes, snapshot, viewOf } from "../kernel/memory.ts";

export const BPF_ANY = 0;
export const BPF_NOEXIST = 1;
export const BPF_EXIST = 2;
export const BPF_F_LOCK = 4;

/** A program that a jump table can hold. */
export interface ProgramReference {
  readonly name: string;
  /** Runs on the packet in the kernel's frame and gives the XDP action. */
  readonly enter: () => number;
}

/**
 * A map as user space sees it: raw bytes, and the errors of the bpf(2) system call as negative numbers. Values of
 * per-CPU maps are the values of all CPUs one after the other, each rounded up to 8 bytes. An operation that the kind
 * does not have gives -EOPNOTSUPP (95) or null.
 */
export interface InterpretedMap {
  readonly data: MapData;
  /** Bytes of a value as user space passes it. */
  readonly valueBytes: number;
  lookup(key: Uint8Array): Uint8Array | null;
  /** 0 or a negative errno. flags: 0 any, 1 only new, 2 only existing. */
  update(key: Uint8Array, value: Uint8Array, flags?: number): number;
  delete(key: Uint8Array): number;
  /** Every key with its value, in no particular order. */
  entries(): [key: Uint8Array, value: Uint8Array][];
  /** Queue, stack, bloom. */
  push(value: Uint8Array, flags?: number): number;
  /** Null when empty. */
  pop(): Uint8Array | null;
  peek(): Uint8Array | null;
  /** Ring buffer: takes the records that are ready, oldest first. */
  records(): Uint8Array[];
  /** User ring buffer: 0, or -ENOSPC when it is full. */
  produce(record: Uint8Array): number;
  /** Jump table: a program; map of maps: a map. What the system call does with a file descriptor. */
  insert(key: Uint8Array, member: ProgramReference | InterpretedMap): number;
}

/** Offset of the spin lock in a value, or -1: updates leave it alone. */
function lockOffset(layout: LayoutData | null, at = 0): number {
  if (layout?.kind === "spinLock") return at;
  if (layout?.kind !== "struct") return -1;
  for (const field of layout.fields) {
    const found = lockOffset(field.layout, at + field.offset);
    if (found >= 0) return found;
  }
  return -1;
}

const LOCK_BYTES = 4;

/** A key or a value that user space passes, for as long as the call lasts. */
class Passed {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
    this.#view = viewOf(this.#bytes);
  }

  hold(bytes: Uint8Array): DataView {
    this.#bytes.set(bytes);
    return this.#view;
  }
}

/**
 * Keys and values come as a view and an offset. Program-side methods give numbers where the helper gives an i64.
 * Each kind overrides what it has; what it has not, the verifier refuses, so reaching it is a fault of the compiler's.
 */
export abstract class MapBase implements InterpretedMap {
  readonly data: MapData;
  readonly kernel: Kernel;
  readonly keySize: number;
  readonly valueSize: number;
  readonly #lock: number;
  /** What user space passes is copied here: a view of a small array of its own costs more than all the rest of an update. */
  #key: Passed | null = null;
  #value: Passed | null = null;

  constructor(data: MapData, kernel: Kernel) {
    this.data = data;
    this.kernel = kernel;
    this.keySize = data.key?.size ?? 0;
    this.valueSize = data.value?.size ?? 0;
    this.#lock = lockOffset(data.value);
  }

  // ---- what programs call

  /** The live value, or null. */
  find(_key: DataView, _at: number): DataView | null {
    return this.#refuse("looked up");
  }
  inner(_key: DataView, _at: number): MapBase | null {
    return this.#refuse("searched for a map");
  }
  put(_key: DataView, _keyAt: number, _value: DataView, _valueAt: number, _flags: number): number {
    return this.#refuse("updated");
  }
  remove(_key: DataView, _at: number): number {
    return this.#refuse("deleted from");
  }
  pushFrom(_value: DataView, _at: number, _flags: number): number {
    return this.#refuse("pushed to");
  }
  popTo(_value: DataView, _at: number): number {
    return this.#refuse("popped");
  }
  peekTo(_value: DataView, _at: number): number {
    return this.#refuse("peeked");
  }
  reserve(_bytes: number): DataView | null {
    return this.#refuse("reserved in");
  }
  output(_data: DataView, _at: number, _bytes: number, _flags: number): number {
    return this.#refuse("output to");
  }
  /** Copies the oldest record into `view`; see UserRingBufferMap. */
  drain(_view: DataView): number {
    return this.#refuse("drained");
  }
  redirect(_key: number, _flags: number): number {
    return this.#refuse("redirected to");
  }
  program(_index: number): ProgramReference | null {
    return this.#refuse("jumped through");
  }

  // ---- what user space calls

  get valueBytes(): number {
    return this.valueSize;
  }
  lookup(key: Uint8Array): Uint8Array | null {
    const value = this.find(this.keyView(key), 0);
    return value === null ? null : this.visible(value);
  }
  update(key: Uint8Array, value: Uint8Array, flags = BPF_ANY): number {
    return this.put(this.keyView(key), 0, this.valueView(value), 0, flags);
  }
  delete(key: Uint8Array): number {
    return this.remove(this.keyView(key), 0);
  }
  abstract entries(): [Uint8Array, Uint8Array][];
  push(_value: Uint8Array, _flags = BPF_ANY): number {
    return -EOPNOTSUPP;
  }
  pop(): Uint8Array | null {
    return null;
  }
  peek(): Uint8Array | null {
    return null;
  }
  records(): Uint8Array[] {
    return [];
  }
  produce(_record: Uint8Array): number {
    return -EOPNOTSUPP;
  }
  insert(_key: Uint8Array, _member: ProgramReference | InterpretedMap): number {
    return -EINVAL;
  }

  // ---- for the kinds

  protected keyView(key: Uint8Array): DataView {
    if (key.length !== this.keySize)
      throw new RangeError(`${this.data.name}: a key has ${this.keySize} bytes, not ${key.length}`);
    this.#key ??= new Passed(this.keySize);
    return this.#key.hold(key);
  }

  protected valueView(value: Uint8Array): DataView {
    if (value.length !== this.valueBytes)
      throw new RangeError(`${this.data.name}: a value has ${this.valueBytes} bytes, not ${value.length}`);
    this.#value ??= new Passed(this.valueBytes);
    return this.#value.hold(value);
  }

  /** Copies a value, except its spin lock. */
  protected assign(to: DataView, from: DataView, fromAt: number): void {
    const lock = this.#lock < 0 ? this.valueSize : this.#lock;
    copyBytes(to, 0, from, fromAt, lock);
    const rest = lock + LOCK_BYTES;
    if (rest >= this.valueSize) return;
    copyBytes(to, rest, from, fromAt + rest, this.valueSize - rest);
  }

  /** A copy for user space, in which a lock is always open. */
  protected visible(value: DataView): Uint8Array {
    const copy = snapshot(value, 0, this.valueSize);
    if (this.#lock >= 0) copy.fill(0, this.#lock, this.#lock + LOCK_BYTES);
    return copy;
  }

  /** Flags that updates of every kind refuse: unknown ones, and the lock flag where there is no lock. */
  protected refusesFlags(flags: number): boolean {
    const locked = (flags & BPF_F_LOCK) !== 0;
    return (flags & ~BPF_F_LOCK) > BPF_EXIST || flags > 7 || (locked && this.#lock < 0);
  }

  #refuse(what: string): never {
    throw new InterpreterFault(`a map of kind ${this.data.kind} (${this.data.name}) cannot be ${what} by a program`);
  }
}

/** An array index as the key that user space passes. */
export function indexKey(index: number): Uint8Array {
  const key = new Uint8Array(4);
  viewOf(key).setUint32(0, index, true);
  return key;
}
