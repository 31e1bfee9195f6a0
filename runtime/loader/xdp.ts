/** XDP hooks and the links that fill them. */
import { closeSync } from "node:fs";
import {
  kernelIds,
  LINK_TYPE_XDP,
  type LinkInformation,
  linkInformation,
  programInformation,
  withKernelObject,
} from "./information.ts";
import { library } from "./library.ts";
import { options } from "./structs.ts";

export type XdpMode = "native" | "generic";

/** XDP_FLAGS_*_MODE of linux/if_link.h. */
const MODE_FLAG: Readonly<Record<XdpMode, number>> = { generic: 2, native: 4 };
const ATTACH_TYPE_XDP = 37;
const LINK_OPTIONS_BYTES = 64;
const QUERY_BYTES = 32;
const ATTACHED = ["none", "native", "generic", "hardware", "several"] as const;

/** What sits on an interface's XDP hook. */
export interface XdpState {
  readonly mode: (typeof ATTACHED)[number];
  /** 0 when there is none. */
  readonly programId: number;
}

/** A descriptor of the new link, or a negative errno. */
export const createXdpLink = (program: number, index: number, mode: XdpMode): number =>
  library().bpf.bpf_link_create(
    program,
    index,
    ATTACH_TYPE_XDP,
    options(LINK_OPTIONS_BYTES).u32(8, MODE_FLAG[mode]).bytes,
  );

/** 0 or a negative errno. Takes milliseconds: the kernel waits until no CPU runs the old program. */
export const updateLink = (link: number, program: number): number => library().bpf.bpf_link_update(link, program, null);

/** Ends a link at once, whoever else holds it: 0 or a negative errno. */
export const detachLink = (link: number): number => library().bpf.bpf_link_detach(link);

/** Opens a pinned link: a descriptor, or a negative errno. */
export const openPinnedLink = (path: string): number => library().bpf.bpf_obj_get(path);

/** Asks by netlink, which needs no privilege. Null when the interface is gone. */
export function xdpState(index: number): XdpState | null {
  const query = options(QUERY_BYTES).bytes;
  if (library().bpf.bpf_xdp_query(index, 0, query) < 0) return null;
  const attached = ATTACHED[query.readUInt8(24)] ?? "none";
  const byMode = { none: 0, native: 12, hardware: 16, generic: 20, several: 12 }[attached];
  return { mode: attached, programId: byMode === 0 ? 0 : query.readUInt32LE(byMode) };
}

/** All XDP links of the machine, in every namespace. @throws ZT4002 without CAP_SYS_ADMIN. */
export const xdpLinks = (): LinkInformation[] =>
  kernelIds("link").flatMap((id) => {
    const found = withKernelObject("link", id, linkInformation);
    return found !== null && found.type === LINK_TYPE_XDP ? [found] : [];
  });

/** The name of a program by number; null when it is gone or this process may not ask. */
export const programName = (id: number): string | null =>
  withKernelObject("program", id, (fd) => programInformation(fd).name);

/** Ends a link by number. False when it is gone, or this process may not. */
export const detachLinkById = (id: number): boolean =>
  withKernelObject("link", id, (fd) => detachLink(fd) === 0) ?? false;

/** Closes a link's descriptor; without a pin that ends the link. */
export const closeLink = (fd: number): void => closeSync(fd);
