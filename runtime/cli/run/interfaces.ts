/** Watches whether a running service still has its interfaces. */
import type { Problem } from "../../../compiler/diagnostics/problem.ts";
import type { Attachment } from "../../attach/attach.ts";
import { interfaceNames } from "../../loader/interfaces.ts";
import { inNamespace } from "../../loader/network-namespace.ts";
import { interfaceLost } from "../../loader/problems.ts";

/** Seconds between two looks: a look is one system call for each interface. */
const INTERVAL = 0.5;

export interface InterfaceWatch {
  /** The problem of the last interface that was lost, when there is none left. */
  readonly over: Promise<Problem>;
  stop(): void;
}

/** Whether the interface itself is gone; a namespace that is gone too has taken it along. */
function isGone({ interface: { name }, namespace }: Attachment): boolean {
  try {
    const names = namespace === null ? interfaceNames() : inNamespace(namespace, interfaceNames);
    return !names.includes(name);
  } catch {
    return true;
  }
}

/** `lost` is told of each interface that goes while others are left. */
export function watchInterfaces(attachments: readonly Attachment[], lost: (problem: Problem) => void): InterfaceWatch {
  const { promise: over, resolve } = Promise.withResolvers<Problem>();
  let left = attachments;
  const look = (): void => {
    const gone = left.filter((one) => !one.holds());
    left = left.filter((one) => !gone.includes(one));
    for (const [index, one] of gone.entries()) {
      const problem = interfaceLost(null, one.interface.name, isGone(one));
      if (left.length === 0 && index === gone.length - 1) resolve(problem);
      else lost(problem);
    }
  };
  const ticker = setInterval(look, INTERVAL * 1000);
  return { over, stop: () => clearInterval(ticker) };
}
