/** Tracing a node: one trace at a time, by programs that stand in for the node's and the services' own while it lasts. */
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import type { LoadedObject, LoadOptions } from "../loader/load.ts";
import { failure } from "../loader/problems.ts";
import type { TraceOptions } from "../trace/choose.ts";
import { alreadyTraced, membersAreNotTraced } from "../trace/problems.ts";
import type { Trace } from "../trace/trace.ts";
import type { NodeRole } from "./bundle.ts";
import { type Hooks, toldService } from "./hooks.ts";
import type { Services } from "./services.ts";
import type { Entry } from "./sole.ts";

export interface Traced {
  readonly manifest: Manifest;
  readonly object: LoadedObject;
  readonly root: string;
  readonly role: NodeRole;
  readonly entry: Entry;
  readonly services: Services;
  readonly hooks: Hooks;
  /** As the node's own programs were loaded. */
  readonly loading: Pick<LoadOptions, "cpu" | "constants">;
}

export interface Tracing {
  start(options?: TraceOptions): Promise<Trace>;
  /** Ends the trace that lasts, if there is one. */
  end(): void;
  /** Ends it, and whichever is just starting. */
  close(): void;
}

export function tracingOf({ role, entry, services, hooks, loading, ...node }: Traced): Tracing {
  let current: Trace | "starting" | null = null;
  let isClosed = false;
  const end = (): void => {
    if (current !== null && current !== "starting") current.close();
  };
  const ended = (): void => {
    current = null;
    hooks.tell(() => false, services.placed());
  };
  return {
    async start(options = {}) {
      if (role !== "single")
        throw failure(membersAreNotTraced(null, role === "table" ? "a flow-table node" : "a forwarder"));
      if (current !== null) throw failure(alreadyTraced(null));
      current = "starting";
      try {
        const { startTrace } = await import("../trace/trace.ts");
        const place = { ...node, entry: () => entry.program, services: services.all };
        // Whoever watches over a data plane that is kept knows these alone.
        const kept = [...entry.program.attachments].some(({ pinned }) => pinned);
        const placed = services.placed();
        const known = new Set(placed.map(({ version }) => version));
        const told = placed.map(toldService).filter((one) => one !== null);
        const started = await startTrace(place, loading, options, { services: told, ended });
        current = started;
        hooks.tell(kept ? (version) => known.has(version) : () => true, services.placed());
        if (isClosed) started.close();
        return started;
      } catch (error) {
        ended();
        throw error;
      }
    },
    end,
    close() {
      isClosed = true;
      end();
    },
  };
}
