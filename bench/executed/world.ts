/** What a program asks the kernel for: its maps, read where they are and never written, and all that one packet is given. */
import { type LoadedObject, openMapById } from "../../runtime/index.ts";
import type { MapHandle } from "../../runtime/loader/map-handle.ts";
import { lookup } from "../../runtime/loader/map-operations.ts";
import { type Linked, linked, type Reference } from "./linked.ts";
import { Memory } from "./memory.ts";

/** An object in the kernel and the bytes that it was loaded from. */
export interface Compiled {
  readonly bytes: Uint8Array;
  readonly object: LoadedObject;
}

/** Where a program's code begins. */
export interface Entry {
  readonly code: Code;
  readonly at: Reference;
}

export class Code {
  readonly linked: Linked;
  readonly #object: LoadedObject;
  readonly #sections = new Map<string, bigint>();

  constructor({ bytes, object }: Compiled) {
    this.linked = linked(bytes);
    this.#object = object;
  }

  map(name: string): MapHandle | null {
    return this.#object.maps.get(name) ?? null;
  }

  /** The address of a data section, with what its globals hold now. */
  section(name: string, memory: Memory): bigint {
    const known = this.#sections.get(name);
    if (known !== undefined) return known;
    const { objects } = this.linked;
    const globals = objects.filter(({ section }) => section === name);
    const size = Math.max(this.linked.data.get(name)?.length ?? 0, ...globals.map((each) => each.offset + each.size));
    const bytes = new Uint8Array(size);
    bytes.set(this.linked.data.get(name) ?? []);
    const set = new Set(this.#object.globals.names);
    for (const each of globals)
      if (set.has(each.name)) bytes.set(this.#object.globals.readBytes(each.name), each.offset);
    const address = memory.add(bytes);
    this.#sections.set(name, address);
    return address;
  }
}

export class World {
  readonly memory = new Memory();
  readonly #programs = new Map<number, Entry>();
  readonly #maps = new Map<bigint, MapHandle>();
  readonly #addresses = new Map<number, bigint>();
  readonly #values = new Map<string, bigint>();
  readonly #opened: MapHandle[] = [];

  constructor(compiled: readonly Compiled[]) {
    for (const each of compiled) {
      const code = new Code(each);
      for (const { id, name } of each.object.programs.values()) {
        const at = code.linked.functions.get(name);
        if (at !== undefined) this.#programs.set(id, { code, at });
      }
    }
  }

  program(id: number): Entry | null {
    return this.#programs.get(id) ?? null;
  }

  /** The address by which programs speak of a map. */
  mapAddress(handle: MapHandle): bigint {
    const known = this.#addresses.get(handle.id);
    if (known !== undefined) return known;
    const address = this.memory.add(new Uint8Array(0));
    this.#addresses.set(handle.id, address);
    this.#maps.set(address, handle);
    return address;
  }

  mapAt(address: bigint): MapHandle {
    const map = this.#maps.get(address);
    if (map === undefined) throw new RangeError(`No map stands at ${address.toString(16)}.`);
    return map;
  }

  /** The address of a key's value, or 0: what the packet writes there is its own. */
  async value(map: MapHandle, key: Uint8Array): Promise<bigint> {
    const name = `${map.id} ${Buffer.from(key).toString("hex")}`;
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const bytes = lookup(map, key);
    const address = bytes === null ? 0n : await this.#addressOf(map, bytes);
    this.#values.set(name, address);
    return address;
  }

  async #addressOf({ kind, valueSize }: MapHandle, bytes: Uint8Array): Promise<bigint> {
    if (kind !== "arrayOfMaps" && kind !== "hashOfMaps") return this.memory.add(bytes.slice(0, valueSize));
    const inner = await openMapById(Buffer.from(bytes).readUInt32LE(0));
    this.#opened.push(inner);
    return this.mapAddress(inner);
  }

  close(): void {
    for (const map of this.#opened.splice(0)) map.close();
  }
}
