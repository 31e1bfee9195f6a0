/**
 * Network namespaces and veth pairs for tests that need no more than that; whole networks are `runtime/lab`'s. Whatever
 * is not disposed goes when the test process ends, and what a killed one left goes when the next one begins.
 */
import {
  type CommandOptions,
  type CommandResult,
  createLab,
  type Link,
  type LinkOptions,
} from "../../runtime/lab/index.ts";
import { createLink, type EndOptions } from "../../runtime/lab/link.ts";
import type { Namespace, NamespaceOptions } from "../../runtime/lab/namespace.ts";

/** A namespace that goes with everything in it: interfaces, their programs, processes. */
export type TestNamespace = Namespace & AsyncDisposable;

export async function createNamespace(name: string, options?: NamespaceOptions): Promise<TestNamespace> {
  const lab = createLab();
  try {
    const namespace = await lab.namespace(name, options);
    return { ...namespace, [Symbol.asyncDispose]: () => lab.dispose() };
  } catch (error) {
    await lab.dispose();
    throw error;
  }
}

let pairs = 0;

/**
 * Joins two namespaces by a veth pair, which has native XDP. For frames that one end sends by XDP (XDP_TX, redirects) to
 * arrive, the other end needs a program too: `passXdp` gives it one. Both ends go with either namespace.
 */
export async function createVethPair(a: EndOptions, b: EndOptions, options: LinkOptions = {}): Promise<Link> {
  pairs += 1;
  return createLink(pairs, a, b, options);
}

/** Runs a command in a namespace to its end. @throws with what it said when it fails. */
export const runIn = (
  namespace: Namespace,
  command: string,
  parameters: readonly string[] = [],
  options?: CommandOptions,
): Promise<CommandResult> => namespace.run(command, parameters, options);
