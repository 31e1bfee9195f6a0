/** The agent of a node in the kernel: told of views by whoever asks the node, and at work by itself while others are filled. */

import { waitForPrograms } from "../loader/grace.ts";
import { failure } from "../loader/problems.ts";
import { tickRate } from "../loader/ticks.ts";
import { shiftOf } from "../node/flow-constants.ts";
import type { Node } from "../node/node.ts";
import { spansNow } from "../node/spans.ts";
import type { Change } from "./change.ts";
import type { Self } from "./data-plane.ts";
import { fillingOf } from "./filling.ts";
import { kernelMemory } from "./kernel-memory.ts";
import { otherNode } from "./problems.ts";
import { type TableAgent, tableAgentOf } from "./table-agent.ts";
import { tablesOf } from "./table-memory.ts";
import type { View } from "./view.ts";

export interface NodeAgentStatus {
  /** Of the view that the node acts by; null before the first. */
  readonly epoch: number | null;
  /** Entries that members which are being filled have not acknowledged yet, where this node brings them. */
  readonly owed: number;
  /** What the node asks for: a member, or buckets, that have everything by now; or to be taken out, to begin anew. */
  readonly proposals: readonly Change[];
}

export interface NodeAgent extends Disposable {
  /** The cluster has no view yet, and this life of the node is older than the first. */
  storeIsEmpty(): void;
  /** @throws ZetaError: ZT8504 for what another node is to be told. */
  check(self: Self): void;
  /** As `TableAgent.told`. @throws as `check`; nothing has changed then. */
  told(self: Self, view: View, lease?: number): void;
  status(): NodeAgentStatus;
}

/** Milliseconds for which a node decides nothing whose chain has lost everything: as long as ends of flows are remembered. */
const QUIET = 8000;
/** Milliseconds between two turns: more than the way along a chain and back. */
const TURN = 20;

/** `namespace`: where the node's interfaces are, if not in this process's. Null for a node by itself. */
export async function nodeAgentOf(node: Node, namespace: string | null): Promise<NodeAgent | null> {
  const { cluster: plane, manifest, object, role } = node;
  if (plane === null) return null;
  const perSecond = await tickRate();
  const span = (1000 / perSecond) * 2 ** shiftOf(perSecond);
  const memory = role === "table" ? kernelMemory(node, namespace) : null;
  const keepsOf = () => {
    if (memory === null) return null;
    const tables = tablesOf(manifest, memory);
    return { tables, filling: fillingOf(tables, memory) };
  };
  let agent: TableAgent | null = null;
  let empty = false;
  let timer: NodeJS.Timeout | null = null;
  let failed: unknown = null;

  function work(): void {
    timer = null;
    try {
      if ((agent?.turn() ?? 0) > 0) timer = setTimeout(work, TURN).unref();
    } catch (error) {
      // Told to whoever asks next; a new view begins again.
      failed = error;
    }
  }

  const check: NodeAgent["check"] = ({ id }) => {
    if (agent !== null && agent.state.node !== id) throw failure(otherNode(null, agent.state.node, id));
  };

  return {
    storeIsEmpty() {
      empty = true;
      agent?.storeIsEmpty();
    },
    check,
    told(self, view, lease) {
      check(self);
      if (agent === null) {
        const spansAfter = (milliseconds: number): number => spansNow(object) + Math.ceil(milliseconds / span);
        const of = { plane, keeps: keepsOf(), now: () => performance.now(), spansAfter, wait: waitForPrograms };
        agent = tableAgentOf(self.id, of, QUIET);
        if (empty) agent.storeIsEmpty();
      }
      failed = null;
      agent.told(self, view, lease);
      if (timer === null) work();
    },
    status() {
      if (failed !== null) throw failed;
      return { epoch: plane.epoch, owed: agent?.owed ?? 0, proposals: agent?.proposals() ?? [] };
    },
    [Symbol.dispose]() {
      if (timer !== null) clearTimeout(timer);
      memory?.[Symbol.dispose]();
    },
  };
}
