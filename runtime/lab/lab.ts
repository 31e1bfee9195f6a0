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
import { createNamespace, type Namespace, type NamespaceOptions } from "./namespace.ts";
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

/** An empty lab. Removes first what labs of killed processes left behind. Needs root. */
export function createLab(): Lab {
  if (process.getuid?.() !== 0) throw new ZetaError([labNeedsRoot(null)]);
  cleanStale();
  const run = newRun();
  const folder = mkdtempSync(join(tmpdir(), `${run}-`));
  const namespaces = new Map<string, string>();
  const processes: LabProcess[] = [];
  let links = 0;

  const remove = () => tearDown([...namespaces.values()], folder);
  const release = guard(remove);

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
      return createNamespace(name, fullName, (one) => void processes.push(one), options);
    },
    async connect(a, b, options = {}) {
      links += 1;
      checkName("interface", a.interface);
      checkName("interface", b.interface);
      return createLink(links, a, b, options);
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
