/**
 * The foreign functions: libbpf.so.1 and a few of libc, bound by koffi. Nothing is loaded before `openLibrary()`, so that
 * importing the runtime costs nothing. libbpf's functions return a negative errno, or null with errno set.
 */
import type * as Koffi from "koffi";
import { failure, libbpfMissing } from "./problems.ts";

/** Memory of C. */
export type Pointer = bigint;
type Memory = Uint8Array | Pointer | null;
type Fd = number;

interface Libbpf {
  libbpf_version_string(): string;
  libbpf_set_print(print: Memory): Pointer | null;
  libbpf_num_possible_cpus(): number;
  libbpf_probe_bpf_prog_type(type: number, options: null): number;
  libbpf_probe_bpf_map_type(type: number, options: null): number;
  libbpf_probe_bpf_helper(programType: number, helper: number, options: null): number;
  bpf_object__open_mem(data: Memory, size: number, options: Memory): Pointer | null;
  bpf_object__load(object: Pointer): number;
  bpf_object__close(object: Pointer): void;
  bpf_object__btf_fd(object: Pointer): number;
  bpf_object__next_program(object: Pointer, previous: Memory): Pointer | null;
  bpf_object__next_map(object: Pointer, previous: Memory): Pointer | null;
  bpf_program__name(program: Pointer): string;
  bpf_program__section_name(program: Pointer): string;
  bpf_program__fd(program: Pointer): Fd;
  bpf_program__set_autoload(program: Pointer, load: boolean): number;
  bpf_program__set_log_buf(program: Pointer, buffer: Memory, size: number): number;
  bpf_program__set_log_level(program: Pointer, level: number): number;
  bpf_map__name(map: Pointer): string;
  bpf_map__fd(map: Pointer): Fd;
  bpf_map__type(map: Pointer): number;
  bpf_map__key_size(map: Pointer): number;
  bpf_map__value_size(map: Pointer): number;
  bpf_map__max_entries(map: Pointer): number;
  bpf_map__map_flags(map: Pointer): number;
  bpf_map__map_extra(map: Pointer): bigint | number;
  bpf_map__btf_key_type_id(map: Pointer): number;
  bpf_map__btf_value_type_id(map: Pointer): number;
  bpf_map__is_internal(map: Pointer): boolean;
  bpf_map__set_max_entries(map: Pointer, entries: number): number;
  bpf_map__reuse_fd(map: Pointer, fd: Fd): number;
  bpf_map__set_pin_path(map: Pointer, path: string | null): number;
  bpf_map__inner_map(map: Pointer): Pointer | null;
  bpf_map__initial_value(map: Pointer, size: Memory): Pointer | null;
  bpf_map_create(type: number, name: string, key: number, value: number, entries: number, options: Memory): Fd;
  bpf_map_update_elem(fd: Fd, key: Memory, value: Memory, flags: number): number;
  bpf_map_lookup_elem(fd: Fd, key: Memory, value: Memory): number;
  bpf_map_lookup_and_delete_elem(fd: Fd, key: Memory, value: Memory): number;
  bpf_map_delete_elem(fd: Fd, key: Memory): number;
  bpf_map_get_next_key(fd: Fd, key: Memory, next: Memory): number;
  bpf_map_update_batch(fd: Fd, keys: Memory, values: Memory, count: Memory, options: Memory): number;
  bpf_map_delete_batch(fd: Fd, keys: Memory, count: Memory, options: Memory): number;
  bpf_map_lookup_batch(
    fd: Fd,
    from: Memory,
    to: Memory,
    keys: Memory,
    values: Memory,
    count: Memory,
    options: Memory,
  ): number;
  bpf_prog_load(type: number, name: string, license: string, code: Memory, instructions: number, options: Memory): Fd;
  bpf_prog_test_run_opts(fd: Fd, options: Memory): number;
  bpf_obj_pin(fd: Fd, path: string): number;
  bpf_obj_get(path: string): Fd;
  bpf_obj_get_info_by_fd(fd: Fd, info: Memory, size: Memory): number;
  bpf_prog_get_next_id(from: number, next: Memory): number;
  bpf_map_get_next_id(from: number, next: Memory): number;
  bpf_link_get_next_id(from: number, next: Memory): number;
  bpf_prog_get_fd_by_id(id: number): Fd;
  bpf_map_get_fd_by_id(id: number): Fd;
  bpf_link_get_fd_by_id(id: number): Fd;
  bpf_btf_get_fd_by_id(id: number): Fd;
  bpf_link_create(program: Fd, target: number, type: number, options: Memory): Fd;
  bpf_link_update(link: Fd, program: Fd, options: Memory): number;
  bpf_link_detach(link: Fd): number;
  bpf_xdp_query(index: number, flags: number, options: Memory): number;
  user_ring_buffer__new(fd: Fd, options: Memory): Pointer | null;
  user_ring_buffer__reserve(ring: Pointer, size: number): Pointer | null;
  user_ring_buffer__submit(ring: Pointer, sample: Pointer): void;
  user_ring_buffer__free(ring: Pointer): void;
}

const LIBBPF: { readonly [K in keyof Libbpf]: readonly [result: string, parameters: string] } = {
  libbpf_version_string: ["str", "void"],
  libbpf_set_print: ["void *", "void *print"],
  libbpf_num_possible_cpus: ["int", "void"],
  libbpf_probe_bpf_prog_type: ["int", "int type, void *options"],
  libbpf_probe_bpf_map_type: ["int", "int type, void *options"],
  libbpf_probe_bpf_helper: ["int", "int program_type, int helper, void *options"],
  bpf_object__open_mem: ["void *", "void *data, size_t size, void *options"],
  bpf_object__load: ["int", "void *object"],
  bpf_object__close: ["void", "void *object"],
  bpf_object__btf_fd: ["int", "void *object"],
  bpf_object__next_program: ["void *", "void *object, void *previous"],
  bpf_object__next_map: ["void *", "void *object, void *previous"],
  bpf_program__name: ["str", "void *program"],
  bpf_program__section_name: ["str", "void *program"],
  bpf_program__fd: ["int", "void *program"],
  bpf_program__set_autoload: ["int", "void *program, bool load"],
  bpf_program__set_log_buf: ["int", "void *program, void *buffer, size_t size"],
  bpf_program__set_log_level: ["int", "void *program, uint32_t level"],
  bpf_map__name: ["str", "void *map"],
  bpf_map__fd: ["int", "void *map"],
  bpf_map__type: ["int", "void *map"],
  bpf_map__key_size: ["uint32_t", "void *map"],
  bpf_map__value_size: ["uint32_t", "void *map"],
  bpf_map__max_entries: ["uint32_t", "void *map"],
  bpf_map__map_flags: ["uint32_t", "void *map"],
  bpf_map__map_extra: ["uint64_t", "void *map"],
  bpf_map__btf_key_type_id: ["uint32_t", "void *map"],
  bpf_map__btf_value_type_id: ["uint32_t", "void *map"],
  bpf_map__is_internal: ["bool", "void *map"],
  bpf_map__set_max_entries: ["int", "void *map, uint32_t entries"],
  bpf_map__reuse_fd: ["int", "void *map, int fd"],
  bpf_map__set_pin_path: ["int", "void *map, str path"],
  bpf_map__inner_map: ["void *", "void *map"],
  bpf_map__initial_value: ["void *", "void *map, void *size"],
  bpf_map_create: ["int", "int type, str name, uint32_t key, uint32_t value, uint32_t entries, void *options"],
  bpf_map_update_elem: ["int", "int fd, void *key, void *value, uint64_t flags"],
  bpf_map_lookup_elem: ["int", "int fd, void *key, void *value"],
  bpf_map_lookup_and_delete_elem: ["int", "int fd, void *key, void *value"],
  bpf_map_delete_elem: ["int", "int fd, void *key"],
  bpf_map_get_next_key: ["int", "int fd, void *key, void *next"],
  bpf_map_update_batch: ["int", "int fd, void *keys, void *values, void *count, void *options"],
  bpf_map_delete_batch: ["int", "int fd, void *keys, void *count, void *options"],
  bpf_map_lookup_batch: ["int", "int fd, void *from, void *to, void *keys, void *values, void *count, void *options"],
  bpf_prog_load: ["int", "int type, str name, str license, void *code, size_t instructions, void *options"],
  bpf_prog_test_run_opts: ["int", "int fd, void *options"],
  bpf_obj_pin: ["int", "int fd, str path"],
  bpf_obj_get: ["int", "str path"],
  bpf_obj_get_info_by_fd: ["int", "int fd, void *info, void *size"],
  bpf_prog_get_next_id: ["int", "uint32_t from, void *next"],
  bpf_map_get_next_id: ["int", "uint32_t from, void *next"],
  bpf_link_get_next_id: ["int", "uint32_t from, void *next"],
  bpf_prog_get_fd_by_id: ["int", "uint32_t id"],
  bpf_map_get_fd_by_id: ["int", "uint32_t id"],
  bpf_link_get_fd_by_id: ["int", "uint32_t id"],
  bpf_btf_get_fd_by_id: ["int", "uint32_t id"],
  bpf_link_create: ["int", "int program, int target, int type, void *options"],
  bpf_link_update: ["int", "int link, int program, void *options"],
  bpf_link_detach: ["int", "int link"],
  bpf_xdp_query: ["int", "int index, int flags, void *options"],
  user_ring_buffer__new: ["void *", "int fd, void *options"],
  user_ring_buffer__reserve: ["void *", "void *ring, uint32_t size"],
  user_ring_buffer__submit: ["void", "void *ring, void *sample"],
  user_ring_buffer__free: ["void", "void *ring"],
};

interface Libc {
  mmap(address: Memory, size: number, protection: number, flags: number, fd: Fd, offset: number): Pointer;
  munmap(address: Pointer, size: number): number;
  mount(source: string, target: string, type: string, flags: number, options: string): number;
  umount2(target: string, flags: number): number;
  setns(fd: Fd, type: number): number;
  if_nametoindex(name: string): number;
  if_indextoname(index: number, name: Memory): Pointer | null;
  getpagesize(): number;
  clock_getres(clock: number, resolution: Memory): number;
  vsnprintf(buffer: Memory, size: number, format: Pointer, list: Pointer): number;
}

const LIBC: { readonly [K in keyof Libc]: readonly [result: string, parameters: string] } = {
  mmap: ["void *", "void *address, size_t size, int protection, int flags, int fd, int64_t offset"],
  munmap: ["int", "void *address, size_t size"],
  mount: ["int", "str source, str target, str type, uint64_t flags, str options"],
  umount2: ["int", "str target, int flags"],
  setns: ["int", "int fd, int type"],
  if_nametoindex: ["uint32_t", "str name"],
  if_indextoname: ["void *", "uint32_t index, void *name"],
  getpagesize: ["int", "void"],
  clock_getres: ["int", "int clock, void *resolution"],
  vsnprintf: ["int", "void *buffer, size_t size, void *format, void *list"],
};

export interface Library {
  readonly bpf: Libbpf;
  readonly libc: Libc;
  readonly koffi: typeof Koffi;
  /** Address of a buffer's first byte. The buffer must be kept alive, by a reference, for as long as C holds the address. */
  address(of: Uint8Array): bigint;
  /** Runs a libbpf function on a worker thread. `method` names one that returns a number. */
  async(method: "bpf_object__load" | "bpf_prog_test_run_opts", ...values: readonly unknown[]): Promise<number>;
  /** The errno of the last failed call on this thread. */
  errno(): number;
  /** Runs `work` and collects what libbpf has to say meanwhile (warnings and information). */
  listen<T>(work: () => T): { readonly result: T; readonly messages: string };
}

type Bound = ReturnType<Koffi.LibraryHandle["func"]>;

function bind<T>(library: Koffi.LibraryHandle, signatures: Record<string, readonly [string, string]>): T {
  const bound: Record<string, Bound> = {};
  for (const [name, [result, parameters]] of Object.entries(signatures)) {
    bound[name] = library.func(`${result} ${name}(${parameters})`);
  }
  return bound as T;
}

const MESSAGE_BYTES = 4096;
const WARNINGS_AND_INFORMATION = 1;

/** libbpf prints to standard error by itself; this keeps it silent, except where someone listens. */
function listener(koffi: typeof Koffi, bpf: Libbpf, libc: Libc): Library["listen"] {
  const text = Buffer.alloc(MESSAGE_BYTES);
  let heard: string[] = [];
  const print = (level: number, format: Pointer, list: Pointer): number => {
    if (level > WARNINGS_AND_INFORMATION) return 0;
    const length = libc.vsnprintf(text, MESSAGE_BYTES, format, list);
    heard.push(text.toString("utf8", 0, Math.min(length, MESSAGE_BYTES - 1)));
    return 0;
  };
  const type = koffi.pointer(koffi.proto("int zeta_libbpf_print(int level, void *format, void *list)"));
  let registered: Pointer | null = null;
  bpf.libbpf_set_print(null);
  return (work) => {
    heard = [];
    // Registered once and for good: a load on a worker thread may still be about to print when we stop listening.
    registered ??= koffi.register(print, type);
    bpf.libbpf_set_print(registered);
    try {
      const result = work();
      return { result, messages: heard.join("") };
    } finally {
      bpf.libbpf_set_print(null);
    }
  };
}

async function bindAll(): Promise<Library> {
  const koffi = (await import("koffi")).default as unknown as typeof Koffi;
  const path = process.env.ZETA_LIBBPF ?? "libbpf.so.1";
  let bpf: Libbpf;
  let libc: Libc;
  try {
    bpf = bind<Libbpf>(koffi.load(path), LIBBPF);
    libc = bind<Libc>(koffi.load("libc.so.6"), LIBC);
  } catch (cause) {
    throw failure(
      libbpfMissing(null, cause instanceof Error ? cause.message.replace(/\.$/, "") : String(cause)),
      cause,
    );
  }
  return {
    bpf,
    libc,
    koffi,
    address: (of) => koffi.address(of),
    async: (method, ...values) =>
      new Promise((resolve, reject) => {
        const call = bpf[method] as unknown as Bound;
        call.async(...values, (error: unknown, result: number) => (error ? reject(error) : resolve(result)));
      }),
    errno: () => koffi.errno(),
    listen: listener(koffi, bpf, libc),
  };
}

let opening: Promise<Library> | null = null;
let opened: Library | null = null;

/** Loads libbpf once. @throws ZT4001 when it is missing or too old. */
export async function openLibrary(): Promise<Library> {
  opening ??= bindAll();
  try {
    opened = await opening;
  } catch (error) {
    opening = null;
    throw error;
  }
  return opened;
}

/** The library, once opened: whoever holds a handle of the kernel's has opened it. */
export function library(): Library {
  if (opened === null) throw new Error("openLibrary() comes first.");
  return opened;
}
