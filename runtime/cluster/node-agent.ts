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
import { type Moment, type TableAgent, tableAgentOf } from "./table-agent.ts";
import { tablesOf } from "./table-memory.ts";
import type { Times } from "./time.ts";
import type { View } from "./view.ts";

export interface NodeAgentStatus {
  /** Of the view that the node acts by; null while it acts by none. */
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
  /**
   * From now on the newest view is read from the cluster's store, this file (view-store.ts): at once, and several times while a lease
   * lasts. @throws ZetaError: as `check`, ZT8502, ZT8505.
   */
  follow(self: Self, file: string): void;
  status(): NodeAgentStatus;
}

/** How often the store is asked while a lease lasts: an agent that waits for a processor now and then still has it in time. */
const ASKED = 8;
/** Milliseconds between two turns: more than the way along a chain and back. */
const TURN = 20;

/** `namespace`: where the node's interfaces are, if not in this process's. Null for a node by itself. */
export async function nodeAgentOf(node: Node, namespace: string | null, times: Times): Promise<NodeAgent | null> {
  const { cluster: plane, manifest, object, role } = node;
  if (plane === null) return null;
  // What is read is checked, by a package that takes longer to load than all the rest: nodes by themselves do without.
  const { viewReader } = await import("./view-store.ts");
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
  let unread: unknown = null;
  let asking: NodeJS.Timeout | null = null;
  let followed: { readonly file: string; readonly read: () => View | null } | null = null;

  function work(): void {
    timer = null;
    try {
      if ((agent?.turn() ?? 0) > 0) timer = setTimeout(work, TURN).unref();
      failed = null;
    } catch (error) {
      // Told to whoever asks next; who is told of a view begins again.
      failed = error;
    }
  }

  const check: NodeAgent["check"] = ({ id }) => {
    if (agent !== null && agent.state.node !== id) throw failure(otherNode(null, agent.state.node, id));
  };

  const agentOf = ({ id }: Self): TableAgent => {
    if (agent !== null) return agent;
    const spansAfter = (milliseconds: number): number => spansNow(object) + Math.ceil(milliseconds / span);
    const moment = (): Moment => {
      const [at, from] = [performance.now(), spansNow(object)];
      return { at, spansWithin: (milliseconds) => (from + Math.floor(milliseconds / span)) >>> 0 || 1 };
    };
    const now = () => performance.now();
    agent = tableAgentOf(id, { plane, keeps: keepsOf(), now, moment, spansAfter, wait: waitForPrograms }, times.quiet);
    if (empty) agent.storeIsEmpty();
    return agent;
  };

  const takeUp = (self: Self, view: View, lease?: number, asked?: Moment): void => {
    agentOf(self).told(self, view, lease, asked);
    if (timer === null) work();
  };

  /** The lease runs from before the store was asked: however long this process stood still meanwhile, it is not longer. */
  const look = (self: Self, read: () => View | null): void => {
    const asked = agentOf(self).moment();
    const view = read();
    if (view !== null) takeUp(self, view, times.actFor, asked);
    else if (agent?.state.view === null) agent.storeIsEmpty();
    unread = null;
  };

  return {
    storeIsEmpty() {
      empty = true;
      agent?.storeIsEmpty();
    },
    check,
    told(self, view, lease) {
      check(self);
      takeUp(self, view, lease);
    },
    follow(self, file) {
      check(self);
      if (followed?.file !== file) followed = { file, read: viewReader(file) };
      const { read } = followed;
      const again = (): void => {
        asking = setTimeout(() => {
          try {
            look(self, read);
          } catch (error) {
            unread = error;
          }
          again();
        }, times.actFor / ASKED).unref();
      };
      if (asking !== null) clearTimeout(asking);
      again();
      look(self, read);
    },
    status() {
      if (unread !== null) throw unread;
      if (failed !== null) throw failed;
      return { epoch: plane.acts, owed: agent?.owed ?? 0, proposals: agent?.proposals() ?? [] };
    },
    [Symbol.dispose]() {
      if (timer !== null) clearTimeout(timer);
      if (asking !== null) clearTimeout(asking);
      memory?.[Symbol.dispose]();
    },
  };
}
