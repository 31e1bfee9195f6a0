/** A bundle's manifest: what a node needs to know to load, configure and read a service without its source. */
import { z } from "zod";
import type { LayoutData } from "../../sdk/layout/data.ts";
import type { MapData } from "../../sdk/maps/data.ts";

/** Bumped when an older runtime could misread a newer bundle. A newer format is refused, never guessed at. */
export const BUNDLE_FORMAT = 1;

const size = z.number().int().nonnegative();
const layout: z.ZodType<LayoutData> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("scalar"),
      type: z.enum(["bool", "u8", "u16", "u32", "u64", "i32", "i64", "ipv4", "ipv6", "mac", "address"]),
      size,
      align: size,
      order: z.enum(["little", "big"]),
    }),
    z.object({
      kind: z.literal("bits"),
      size: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]),
      align: size,
      order: z.enum(["little", "big"]),
      fields: z.array(z.object({ name: z.string(), shift: size, width: size })),
    }),
    z.object({ kind: z.literal("array"), of: layout, length: size, size, align: size }),
    z.object({
      kind: z.literal("struct"),
      fields: z.array(z.object({ name: z.string(), offset: size, layout })),
      size,
      align: size,
    }),
    z.object({ kind: z.literal("spinLock"), size: z.literal(4), align: z.literal(4) }),
  ]),
);

const map: z.ZodType<MapData> = z.lazy(() =>
  z.object({
    name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/),
    kind: z.enum([
      "hash",
      "lruHash",
      "array",
      "perCpuHash",
      "perCpuLruHash",
      "perCpuArray",
      "lpm",
      "arrayOfMaps",
      "hashOfMaps",
      "progArray",
      "devmap",
      "devmapHash",
      "cpumap",
      "queue",
      "stack",
      "bloom",
      "ringBuffer",
      "userRingBuffer",
    ]),
    key: layout.nullable(),
    value: layout.nullable(),
    maxEntries: size,
    flags: size,
    extra: size,
    inner: map.nullable(),
  }),
);

/** A config field of a middlebox: its kind with parameters, and the maps and globals that hold it. */
const field = z.object({
  /** "acl.rules": middlebox, then field. */
  path: z.string(),
  kind: z.enum(["scalar", "prefixes", "table", "maglev", "portPool", "secret"]),
  /** Value layout of scalar fields and of entries. */
  of: layout,
  key: layout.nullable(),
  max: size,
  /** Of a Maglev table: its slots. Of a port pool: how many static forwards it holds. 0 for other kinds. */
  size,
  /** Names of the maps that hold it (meaning by kind; see runtime/config). */
  maps: z.array(z.string()),
  /** Its bytes, in hexadecimal, where it is a constant of the programs: no config changes it. */
  folded: z
    .string()
    .regex(/^([0-9a-f]{2})+$/)
    .optional(),
});

const state = z.object({
  path: z.string(),
  kind: z.enum(["counter", "meter", "rateLimiter", "table", "binding", "events"]),
  map: z.string(),
  /** Index in the map, for kinds that share one; of a rate limiter of the service, in `zeta_shares`. */
  index: size,
  /** Whether it is one node's own, or the service's as a whole. */
  scope: z.enum(["node", "service"]),
  key: layout.nullable(),
  value: layout.nullable(),
});

export const manifestSchema = z.object({
  format: z.literal(BUNDLE_FORMAT),
  name: z.string().min(1),
  /** Version of zeta that built it. */
  zeta: z.string(),
  programs: z.array(
    z.object({
      name: z.string(),
      section: z.string(),
      /** Where a jump table holds it once it is loaded. */
      slot: z.object({ map: z.string(), index: size }).optional(),
    }),
  ),
  maps: z.array(map),
  globals: z.array(z.object({ name: z.string(), layout, constant: z.boolean(), offset: size })),
  /** Of the node's own programs: the one to attach, and what they count as dropped, by index. */
  node: z
    .object({
      root: z.string(),
      drops: z.array(z.string()),
      /** Layout of the records in `zeta_node_lifecycle`. */
      lifecycle: layout,
    })
    .optional(),
  /** Null for plain system-layer modules. */
  service: z
    .object({
      name: z.string(),
      /** Its programs, which a node's root program goes on in; null where no middlebox has the hook. */
      filter: z.string().nullable(),
      decide: z.string().nullable(),
      /** What decides while somebody traces, and tells what each middlebox does; null where no two decide. */
      told: z.string().nullable().optional(),
      /** Its first program where it is alone on a node; null where it must be found by flow or address. */
      sole: z.string().nullable().default(null),
      /** Which packets its filters see. */
      sees: z.object({ client: z.boolean(), replies: z.boolean() }),
      middleboxes: z.array(z.string()),
      /** What each of them does, in order: which packets its filter sees, and whether it decides and is asked again. */
      chain: z
        .array(z.object({ filters: z.enum(["client", "both"]).nullable(), decides: z.boolean(), holds: z.boolean() }))
        .optional(),
      /** Map of the addresses it listens to; null when every IP packet is its own. */
      listen: z.string().nullable(),
      /** Map of where endpoints are, for services that deliver; null for others. */
      endpoints: z.string().nullable(),
      config: z.array(field),
      state: z.array(state),
      /** Drop reasons by index, as counted in the map `drops`: "acl: not allowed". */
      drops: z.array(z.string()),
      /** Map of the drop counters (per-CPU u64 by index). */
      dropsMap: z.string().nullable(),
    })
    .nullable(),
  /** Present once an object was built. */
  objects: z.array(
    z.object({
      file: z.string(),
      cpu: z.enum(["v2", "v3", "v4"]),
      sha256: z.string(),
      llvm: z.string(),
      irBuilder: z.enum(["llvm-bindings", "text"]),
    }),
  ),
  sources: z.array(z.object({ path: z.string(), sha256: z.string() })),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** What manifest.json holds: the manifest, and what shows that nobody changed it. */
export const manifestFileSchema = manifestSchema.extend({
  /** Over all other content (see digest.ts); hexadecimal. */
  digest: z.string("it has no digest of its content: it was edited, or an earlier Zeta built it"),
});

export type ManifestFile = z.infer<typeof manifestFileSchema>;
