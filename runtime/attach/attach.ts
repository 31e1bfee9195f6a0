/** Attaches XDP programs to interfaces: native unless told, one link each, gone when closed unless pinned. */
import { existsSync, unlinkSync } from "node:fs";
import type { Problem } from "../../compiler/diagnostics/problem.ts";
import { EBUSY, EEXIST, EINVAL, ENODEV, EOPNOTSUPP, ERANGE, errnoName, kernelProblem, must } from "../loader/errno.ts";
import { linkInformation } from "../loader/information.ts";
import { findInterface, type Interface, interfaceNames } from "../loader/interfaces.ts";
import { inNamespace } from "../loader/network-namespace.ts";
import { pinAll } from "../loader/pins.ts";
import { failure, interfaceBusy, interfaceRefuses, noNativeXdp, noSuchInterface } from "../loader/problems.ts";
import type { HeldLink, LoadedProgram } from "../loader/program.ts";
import { closeLink, createXdpLink, detachLink, updateLink, type XdpMode } from "../loader/xdp.ts";
import { holderOf } from "./holder.ts";

export interface AttachOptions {
  /** By name or number. */
  readonly interface: string | number;
  /** native unless told. There is no falling back: an interface without native XDP is an error (ZT4005). */
  readonly mode?: XdpMode;
  /** A path on a BPF file system that keeps the link when this process ends. */
  readonly pin?: string;
  /** Network namespace of the interface, by `ip netns` name or path; this process's own unless told. */
  readonly namespace?: string;
  /** State folder in which to look up who holds a busy interface. */
  readonly state?: string;
}

export interface Attachment {
  readonly linkId: number;
  readonly interface: Interface;
  readonly mode: XdpMode;
  readonly namespace: string | null;
  /** The pin's path, or null. */
  readonly pin: string | null;
  /** What runs now. */
  readonly program: { readonly id: number; readonly name: string };
  /** Whether it still holds the interface: false once that is gone, or somebody detached the link from outside. */
  holds(): boolean;
  /** Puts another program in place without a gap. Blocks for some 10 ms: to swap often, update a jump table instead. */
  update(program: LoadedProgram): void;
  /** Takes the program off the interface at once, and removes the pin. Safe to call twice. */
  detach(): Promise<void>;
  /** Lets go of the link: without a pin that detaches it, with a pin it stays. */
  close(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

function attachProblem(to: Interface, mode: XdpMode, errno: number, holder: () => string): Problem {
  switch (errno) {
    case EBUSY:
    case EEXIST:
      return interfaceBusy(null, to.name, holder());
    case ENODEV:
      return noSuchInterface(null, to.name, interfaceNames());
    case EOPNOTSUPP:
      return mode === "native" ? noNativeXdp(null, to.name) : interfaceRefuses(null, to.name, errnoName(errno));
    case EINVAL:
    case ERANGE:
      return interfaceRefuses(null, to.name, errnoName(errno));
    default:
      return kernelProblem(`attach a program to interface '${to.name}'`, errno);
  }
}

/** A link's descriptor, with the interface found; nothing is left open when it throws. */
function link(program: LoadedProgram, options: AttachOptions): { readonly fd: number; readonly to: Interface } {
  const mode = options.mode ?? "native";
  const there = (): { readonly fd: number; readonly to: Interface } => {
    const to = findInterface(options.interface);
    const fd = createXdpLink(program.fd, to.index, mode);
    if (fd < 0) throw failure(attachProblem(to, mode, -fd, () => holderOf(to.index, options.state)));
    return { fd, to };
  };
  return options.namespace === undefined ? there() : inNamespace(options.namespace, there);
}

/** Pins the link where that is asked for, and gives its number; closes it when either fails. */
function keep(fd: number, pin: string | null): number {
  try {
    const { id } = linkInformation(fd);
    if (pin !== null) pinAll([{ fd, path: pin, what: "the link" }]);
    return id;
  } catch (error) {
    closeLink(fd);
    throw error;
  }
}

/**
 * Attaches a program to an interface. Without a pin it stays until `detach`, until its object is closed, or until this
 * process ends, whichever comes first.
 * @throws ZetaError: ZT4003 busy (naming the holder), ZT4004 no such interface, ZT4005 no native XDP, ZT4020 the interface
 * refuses, ZT4014 the pin's path is not on a BPF file system, ZT4002 privileges. Nothing stays attached.
 */
export async function attach(program: LoadedProgram, options: AttachOptions): Promise<Attachment> {
  const { fd, to } = link(program, options);
  const pin = options.pin ?? null;
  const linkId = keep(fd, pin);
  let current = program;
  let open = true;

  const close = (): void => {
    if (!open) return;
    open = false;
    current.attachments.delete(held);
    closeLink(fd);
  };
  const attachment: Attachment = {
    linkId,
    interface: to,
    mode: options.mode ?? "native",
    namespace: options.namespace ?? null,
    pin,
    get program() {
      return { id: current.id, name: current.name };
    },
    holds: () => open && linkInformation(fd).interfaceIndex !== 0,
    update(next) {
      must(updateLink(fd, next.fd), `replace the program on interface '${to.name}'`);
      current.attachments.delete(held);
      current = next;
      current.attachments.add(held);
    },
    async detach() {
      if (!open) return;
      // Explicitly, since the removal of a pin alone lets the kernel detach some time later.
      detachLink(fd);
      if (pin !== null && existsSync(pin)) unlinkSync(pin);
      close();
    },
    close,
    [Symbol.asyncDispose]: () => attachment.detach(),
  };
  const replaceBy = (next: LoadedProgram): void => {
    if (attachment.holds()) attachment.update(next);
  };
  const held: HeldLink = { fd, pinned: pin !== null, close, replaceBy };
  program.attachments.add(held);
  return attachment;
}
