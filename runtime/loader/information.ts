/** What the kernel knows of its own objects: programs, maps, links and BTF, by handle or by number. */
import { closeSync } from "node:fs";
import { type Btf, readBtf } from "./btf.ts";
import { ENOENT, must } from "./errno.ts";
import { library } from "./library.ts";
import { cStruct, fixedText } from "./structs.ts";

/** Longer than any kernel's information struct so far; the kernel writes what it knows and leaves the rest zero. */
const INFORMATION_BYTES = 256;
const NAME_BYTES = 16;

export interface ProgramInformation {
  readonly id: number;
  readonly name: string;
  /** Hash of the instructions, as bpftool prints it. */
  readonly tag: string;
  readonly mapIds: number;
  /** Instructions after the verifier's rewriting, and those it walked. */
  readonly instructions: number;
  readonly verified: number;
  readonly jitedBytes: number;
}

export interface MapInformation {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly btfId: number;
  readonly btfKeyType: number;
  readonly btfValueType: number;
  readonly extra: number;
}

export interface LinkInformation {
  readonly id: number;
  readonly type: number;
  readonly programId: number;
  /** Of an XDP link: its interface, or 0 when the interface is gone. */
  readonly interfaceIndex: number;
}

export const LINK_TYPE_XDP = 6;

function information(fd: number, what: string): Buffer {
  const info = Buffer.alloc(INFORMATION_BYTES);
  const size = cStruct(4).u32(0, INFORMATION_BYTES).bytes;
  must(library().bpf.bpf_obj_get_info_by_fd(fd, info, size), `read about a ${what}`);
  return info;
}

export function programInformation(fd: number): ProgramInformation {
  const info = information(fd, "program");
  return {
    id: info.readUInt32LE(4),
    tag: info.subarray(8, 16).toString("hex"),
    jitedBytes: info.readUInt32LE(16),
    instructions: info.readUInt32LE(20) / 8,
    mapIds: info.readUInt32LE(52),
    name: fixedText(info, 64, NAME_BYTES),
    verified: info.readUInt32LE(216),
  };
}

export function mapInformation(fd: number): MapInformation {
  const info = information(fd, "map");
  return {
    type: info.readUInt32LE(0),
    id: info.readUInt32LE(4),
    keySize: info.readUInt32LE(8),
    valueSize: info.readUInt32LE(12),
    maxEntries: info.readUInt32LE(16),
    flags: info.readUInt32LE(20),
    name: fixedText(info, 24, NAME_BYTES),
    btfId: info.readUInt32LE(64),
    btfKeyType: info.readUInt32LE(68),
    btfValueType: info.readUInt32LE(72),
    extra: Number(info.readBigUInt64LE(80)),
  };
}

export function linkInformation(fd: number): LinkInformation {
  const info = information(fd, "link");
  return {
    type: info.readUInt32LE(0),
    id: info.readUInt32LE(4),
    programId: info.readUInt32LE(8),
    interfaceIndex: info.readUInt32LE(16),
  };
}

/** The BTF the kernel keeps under this number, or null when there is none or it may not be read. */
export function kernelBtf(id: number): Btf | null {
  if (id === 0) return null;
  const { bpf, address } = library();
  const fd = bpf.bpf_btf_get_fd_by_id(id);
  if (fd < 0) return null;
  try {
    const first = cStruct(32);
    const size = cStruct(4).u32(0, 32).bytes;
    must(bpf.bpf_obj_get_info_by_fd(fd, first.bytes, size), "read BTF");
    const bytes = Buffer.alloc(first.bytes.readUInt32LE(8));
    const second = cStruct(32).u64(0, address(bytes)).u32(8, bytes.length);
    must(bpf.bpf_obj_get_info_by_fd(fd, second.bytes, cStruct(4).u32(0, 32).bytes), "read BTF");
    return readBtf(bytes);
  } finally {
    closeSync(fd);
  }
}

const WALK = {
  program: ["bpf_prog_get_next_id", "bpf_prog_get_fd_by_id"],
  map: ["bpf_map_get_next_id", "bpf_map_get_fd_by_id"],
  link: ["bpf_link_get_next_id", "bpf_link_get_fd_by_id"],
} as const;

export type KernelObject = keyof typeof WALK;

/** Numbers of every program, map or link of the machine. Needs CAP_SYS_ADMIN. @throws ZT4002 without it. */
export function kernelIds(kind: KernelObject): number[] {
  const { bpf } = library();
  const next = Buffer.alloc(4);
  const ids: number[] = [];
  for (let id = 0; ; ) {
    const result = bpf[WALK[kind][0]](id, next);
    if (result === -ENOENT) return ids;
    must(result, `list the machine's ${kind}s`, { needed: ["CAP_SYS_ADMIN"] });
    id = next.readUInt32LE(0);
    ids.push(id);
  }
}

/** Opens an object by number for the time of `use`; null when it is gone meanwhile, or may not be opened. */
export function withKernelObject<T>(kind: KernelObject, id: number, use: (fd: number) => T): T | null {
  const fd = library().bpf[WALK[kind][1]](id);
  if (fd < 0) return null;
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
