/** An object that libbpf has opened: parsed and adjustable, with nothing in the kernel yet. */
import { faultOfBtf } from "./btf-shape.ts";
import { type Elf, ElfError, readElf } from "./elf.ts";
import { errnoName } from "./errno.ts";
import { library, type Pointer } from "./library.ts";
import { readLines, type SourceLine } from "./lines.ts";
import type { TypeIds } from "./map-handle.ts";
import { corruptObject, failure, nameUnknown, withDetail } from "./problems.ts";
import { options } from "./structs.ts";

export interface OpenProgram {
  readonly pointer: Pointer;
  readonly name: string;
  readonly section: string;
}

export interface OpenMap {
  readonly pointer: Pointer;
  readonly name: string;
  /** Made by libbpf for a data section (.rodata, .data, .bss). */
  readonly internal: boolean;
  /** Of a map of maps: the types of the inner maps' keys and values in the object's BTF, 0 for none. */
  readonly inner: Omit<TypeIds, "btf"> | null;
}

export interface OpenObject {
  readonly pointer: Pointer;
  readonly name: string;
  readonly elf: Elf;
  readonly programs: readonly OpenProgram[];
  readonly maps: readonly OpenMap[];
  readonly lines: () => readonly SourceLine[];
  close(): void;
}

const OPEN_OPTIONS_BYTES = 80;

/** The ELF side of an object. @throws ZT4008 for what is no eBPF object. */
export function parseObject(bytes: Uint8Array, name: string): Elf {
  try {
    const elf = readElf(bytes);
    const types = elf.sections.get(".BTF");
    const fault = types === undefined ? null : faultOfBtf(types.bytes);
    if (fault !== null) throw new ElfError(fault);
    return elf;
  } catch (cause) {
    if (!(cause instanceof ElfError)) throw cause;
    throw failure(corruptObject(null, name, cause.message), cause);
  }
}

function* walk(next: (previous: Pointer | null) => Pointer | null): Generator<Pointer> {
  for (let pointer = next(null); pointer !== null; pointer = next(pointer)) yield pointer;
}

/** Asked before the object is loaded: libbpf forgets its inner maps once it has made their outer ones. */
function innerTypes(map: Pointer): OpenMap["inner"] {
  const { bpf } = library();
  const inner = bpf.bpf_map__inner_map(map);
  if (inner === null) return null;
  return { key: bpf.bpf_map__btf_key_type_id(inner), value: bpf.bpf_map__btf_value_type_id(inner) };
}

/** @throws ZT4008 with libbpf's words in the detail. */
export function openObject(bytes: Uint8Array, name: string): OpenObject {
  const elf = parseObject(bytes, name);
  const { bpf, address, errno, listen } = library();
  // libbpf copies both while it opens; they only have to outlive the call.
  const label = Buffer.from(`${name}\0`);
  const settings = options(OPEN_OPTIONS_BYTES).u64(8, address(label));
  const open = (): Pointer | null => bpf.bpf_object__open_mem(bytes, bytes.length, settings.bytes);
  const pointer = open();
  if (pointer === null) {
    const reason = `libbpf does not read it (${errnoName(errno())})`;
    const again = listen(open);
    if (again.result !== null) bpf.bpf_object__close(again.result);
    throw failure(withDetail(corruptObject(null, name, reason), again.messages));
  }
  const programs = [...walk((previous) => bpf.bpf_object__next_program(pointer, previous))].map((program) => ({
    pointer: program,
    name: bpf.bpf_program__name(program),
    section: bpf.bpf_program__section_name(program),
  }));
  const maps = [...walk((previous) => bpf.bpf_object__next_map(pointer, previous))].map((map) => ({
    pointer: map,
    name: bpf.bpf_map__name(map),
    internal: bpf.bpf_map__is_internal(map),
    inner: innerTypes(map),
  }));
  let lines: readonly SourceLine[] | null = null;
  return {
    pointer,
    name,
    elf,
    programs,
    maps,
    lines: () => {
      lines ??= readLines(elf);
      return lines;
    },
    close: () => bpf.bpf_object__close(pointer),
  };
}

/** The declared thing of that name. @throws ZT4015 with the names there are. */
export function named<T extends { readonly name: string }>(kind: string, name: string, all: readonly T[]): T {
  const found = all.find((one) => one.name === name);
  if (found === undefined)
    throw failure(
      nameUnknown(
        null,
        kind,
        name,
        all.map((one) => one.name),
      ),
    );
  return found;
}
