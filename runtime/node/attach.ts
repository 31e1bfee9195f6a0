/** Puts a node on interfaces. */
import { throwIfAborted } from "../attach/abort.ts";
import { type Attachment, attach } from "../attach/attach.ts";
import type { Run } from "../attach/runs.ts";
import { pinAll } from "../loader/pins.ts";
import type { XdpMode } from "../loader/xdp.ts";
import type { Node } from "./api.ts";
import { NODE_MAP } from "./shapes.ts";

export interface ServiceInterface {
  /** By name or number. */
  readonly interface: string | number;
  readonly mode?: XdpMode;
  /** Network namespace of the interface, by `ip netns` name or path. */
  readonly namespace?: string;
}

export interface AttachAllOptions {
  readonly interfaces: readonly (string | number | ServiceInterface)[];
  readonly mode?: XdpMode;
  readonly namespace?: string;
  readonly pin?: boolean;
  readonly state?: string;
  readonly signal?: AbortSignal;
}

/** A jump table is emptied when nobody holds it any more: what goes on without this process is pinned. */
function pinJumpTables({ object }: Node, folder: string): void {
  const tables = [...object.maps].filter(([name]) => name === NODE_MAP.programs || name === NODE_MAP.stages);
  pinAll(tables.map(([name, { fd }]) => ({ fd, path: `${folder}/${name}`, what: `map '${name}'` })));
}

/** All of them, or none. @throws whatever `attach` throws, and the reason of `signal`. */
export async function attachAll(node: Node, run: Run, options: AttachAllOptions): Promise<Attachment[]> {
  const { mode, namespace, state } = options;
  await throwIfAborted(options.signal);
  const pins = options.pin === true ? await run.pins() : null;
  if (pins !== null) pinJumpTables(node, pins);
  const attachments: Attachment[] = [];
  try {
    for (const [index, given] of options.interfaces.entries()) {
      const one: ServiceInterface = typeof given === "object" ? given : { interface: given };
      const attachment = await attach(node.entry(), {
        ...(mode === undefined ? {} : { mode }),
        ...(namespace === undefined ? {} : { namespace }),
        ...(state === undefined ? {} : { state }),
        ...(pins === null ? {} : { pin: `${pins}/link${index}` }),
        ...one,
      });
      attachments.push(attachment);
      run.record(attachment);
      await throwIfAborted(options.signal);
    }
    return attachments;
  } catch (error) {
    for (const attachment of attachments) await attachment.detach();
    throw error;
  }
}
