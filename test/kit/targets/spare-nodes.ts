/**
 * The node's programs in the kernel, used by one test after another: the verifier takes a second for them, and to empty their
 * tables takes a fraction of that. All else of a node is made anew for each test, which so finds it as one that was just opened
 * (test/kit-tests/spare-nodes.test.ts compares all that is in either).
 */
import { removeMany, updatePacked, walk } from "../../../runtime/loader/map-batches.ts";
import type { MapHandle } from "../../../runtime/loader/map-handle.ts";
import { openMemory } from "../../../runtime/loader/map-memory.ts";
import { pop, valueBytes } from "../../../runtime/loader/map-operations.ts";
import { readRing } from "../../../runtime/loader/ring-buffer.ts";
import { type LoadedNode, loadNode, type Node, type NodeOptions, nodeOf } from "../../../runtime/node/node.ts";

interface Spare {
  readonly key: string;
  readonly loaded: LoadedNode;
  /** Bytes of the globals that are no constants. */
  readonly initial: ReadonlyMap<string, Uint8Array>;
}

/** Each takes tens of megabytes. */
const MOST = 4;
const spares: Spare[] = [];

const BPF_F_MMAPABLE = 1 << 10;
/** Entries that are written at once. */
const CHUNK = 4096;

function clearArray(map: MapHandle): void {
  if ((map.flags & BPF_F_MMAPABLE) !== 0) {
    using memory = openMemory(map);
    memory.bytes.fill(0);
    return;
  }
  const values = new Uint8Array(Math.min(CHUNK, map.maxEntries) * valueBytes(map));
  for (let from = 0; from < map.maxEntries; from += CHUNK) {
    const count = Math.min(CHUNK, map.maxEntries - from);
    const keys = Uint32Array.from({ length: count }, (_, index) => from + index);
    updatePacked(map, { count, keys: new Uint8Array(keys.buffer), values });
  }
}

function clearRing(map: MapHandle): void {
  const reader = readRing(map);
  while (reader.take().length > 0);
  reader.close();
}

/** As it is when it was just loaded. */
function clear(map: MapHandle): void {
  switch (map.kind) {
    case "array":
    case "perCpuArray":
      return clearArray(map);
    case "hash":
    case "lruHash":
      return void removeMany(
        map,
        Array.from(walk(map), ({ key }) => key),
      );
    case "queue":
      while (pop(map) !== null);
      return;
    case "ringBuffer":
      return clearRing(map);
    case "progArray":
      // The programs of services went with them; the node's own stay.
      return;
    default:
      throw new TypeError(`Nobody has said how map '${map.name}', of kind ${map.kind}, is emptied.`);
  }
}

async function loadSpare(key: string, options: NodeOptions): Promise<Spare> {
  const loaded = await loadNode(options);
  const variable = loaded.manifest.globals.filter(({ constant }) => !constant);
  const { globals } = loaded.object;
  return { key, loaded, initial: new Map(variable.map(({ name }) => [name, globals.readBytes(name)])) };
}

function giveBack(spare: Spare): void {
  const { object } = spare.loaded;
  try {
    for (const map of object.maps.values()) clear(map);
    for (const [name, bytes] of spare.initial) object.globals.writeBytes(name, 0, bytes);
  } catch (error) {
    object.close();
    throw error;
  }
  spares.push(spare);
  if (spares.length > MOST) spares.shift()?.loaded.object.close();
}

/** A node as `openNode` gives it, by programs that nobody else uses. What has one `name` is of one `source`. */
export async function borrowNode(name: string, options: NodeOptions): Promise<Node> {
  const key = `${name} ${JSON.stringify([options.role, options.flows, options.load])}`;
  const at = spares.findIndex((spare) => spare.key === key);
  const spare = spares.splice(at, at < 0 ? 0 : 1)[0] ?? (await loadSpare(key, options));
  let open = true;
  /** In place of unloading. */
  const close = (): void => {
    if (open) giveBack(spare);
    open = false;
  };
  return nodeOf({ ...spare.loaded, object: { ...spare.loaded.object, close, [Symbol.dispose]: close } });
}
