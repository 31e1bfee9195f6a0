/**
 * A lab is a network on one machine: namespaces joined by veth cables, with processes in them. It leaves nothing
 * behind, whether it is disposed, its construction fails, or its process is interrupted.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ZetaError } from "../../compiler/diagnostics/problem.ts";
import { guard } from "./guard.ts";
import { createLink, type EndOptions, type Link, type LinkOptions } from "./link.ts";
import { checkName, newRun } from "./names.ts";
import { createNamespace, type Keeper, type Namespace, type NamespaceOptions } from "./namespace.ts";
import { labNameTaken, labNeedsRoot } from "./problems.ts";
import type { LabProcess } from "./service.ts";
import { cleanStale, tearDown } from "./teardown.ts";

export interface Lab extends AsyncDisposable {
  /** The prefix of everything this lab owns: `zeta-<pid>-<start>`. */
  readonly run: string;
  /** A temporary folder that goes with the lab. */
  readonly folder: string;
  namespace(name: string, options?: NamespaceOptions): Promise<Namespace>;
  /** A cable between two namespaces. */
  connect(a: EndOptions, b: EndOptions, options?: LinkOptions): Promise<Link>;
  /** Ends the lab's processes, newest first, and removes all that it made. Safe to call twice. */
  dispose(): Promise<void>;
}

/** A lab whose end somebody may leave to others. */
export interface OwnLab extends Lab {
  /** From now on neither this process nor its end takes anything down. */
  leave(): void;
}

export interface LabPlace {
  readonly run: string;
  readonly folder: string;
  /** Processes may outlive this one: their output goes to files here. */
  readonly logs?: string;
}

/** @throws ZT7005. */
export function needRoot(): void {
  if (process.getuid?.() !== 0) throw new ZetaError([labNeedsRoot(null)]);
}

/** An empty lab. Removes first what labs of killed processes left behind. Needs root. */
export function createLab(): Lab {
  needRoot();
  cleanStale();
  const run = newRun();
  const { leave: _, ...lab } = labAt({ run, folder: mkdtempSync(join(tmpdir(), `${run}-`)) });
  return lab;
}

/** An empty lab with names and a folder of its own. */
export function labAt({ run, folder, logs }: LabPlace): OwnLab {
  const namespaces = new Map<string, string>();
  const processes: LabProcess[] = [];
  let links = 0;

  const remove = () => tearDown([...namespaces.values()], folder);
  const release = guard(remove);
  const keeper: Keeper = {
    started: (one) => void processes.push(one),
    ...(logs === undefined ? {} : { logs }),
  };

  const dispose = async () => {
    for (const one of processes.reverse()) await one.dispose();
    processes.length = 0;
    remove();
    namespaces.clear();
    release();
  };

  return {
    run,
    folder,
    async namespace(name, options) {
      if (namespaces.has(checkName("namespace", name))) throw new ZetaError([labNameTaken(null, "namespace", name)]);
      const fullName = `${run}-${name}`;
      // Noted before it is made: an interruption in between must find it.
      namespaces.set(name, fullName);
      return createNamespace(name, fullName, keeper, options);
    },
    async connect(a, b, options = {}) {
      links += 1;
      checkName("interface", a.interface);
      checkName("interface", b.interface);
      return createLink(links, a, b, options);
    },
    leave() {
      release();
      processes.length = 0;
      namespaces.clear();
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

/** What was built in a lab, and the lab itself; disposing it disposes the lab. */
export type Built<T> = T & AsyncDisposable & { readonly lab: Lab };

/** Builds something in a lab, and takes the lab down again when the building fails. */
export async function buildLab<T>(build: (lab: Lab) => Promise<T>): Promise<Built<T>> {
  const lab = createLab();
  try {
    return { ...(await build(lab)), lab, [Symbol.asyncDispose]: lab.dispose };
  } catch (error) {
    await lab.dispose();
    throw error;
  }
}
