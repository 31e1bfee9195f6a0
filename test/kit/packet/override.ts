/** `packet.with({ ttl: 3, checksum: "wrong" })`: changes by short names, or by layer for everything else. */

import { ZetaError } from "../../../compiler/diagnostics/problem.ts";
import { toBytes } from "../bytes.ts";
import { mixedFamilies } from "../problems.ts";
import { parseEndpoint } from "./endpoint.ts";
import type { LayerKind, LayerSpec, SpecOf, Wish } from "./layers.ts";

type ByLayer = { readonly [K in Exclude<LayerKind, "payload">]?: Wish<K> };

/** Applies to the outermost layer of each kind; `inner` to the packet in the tunnel. */
export interface Overrides extends ByLayer {
  /** "10.0.0.1:80", "[2001:db8::1]:80", or an address alone, which keeps the port. */
  readonly source?: string;
  readonly destination?: string;
  readonly sourceMac?: string;
  readonly destinationMac?: string;
  /** IPv4 time to live or IPv6 hop limit. */
  readonly ttl?: number;
  readonly dscp?: number;
  readonly ecn?: number;
  /** Of the transport header (TCP, UDP, ICMP). */
  readonly checksum?: number | "zero" | "wrong";
  /** Of the IPv4 header. */
  readonly headerChecksum?: number | "zero" | "wrong";
  readonly payload?: string | Uint8Array;
  /** IPv6 extension headers, in this order, in place of any that were there. */
  readonly extensions?: readonly ExtensionSpec[];
  readonly inner?: Overrides;
}

export type ExtensionSpec = { [K in ExtensionKind]: SpecOf<K> }[ExtensionKind];
type ExtensionKind = "hopByHop" | "routing" | "fragment" | "destinationOptions";
const EXTENSIONS: ReadonlySet<LayerKind> = new Set<ExtensionKind>([
  "hopByHop",
  "routing",
  "fragment",
  "destinationOptions",
]);

type Change = { readonly kinds: readonly LayerKind[]; readonly fields: Readonly<Record<string, unknown>> };

const NETWORKS = ["ipv4", "ipv6"] as const;
const TRANSPORTS = ["tcp", "udp", "icmp", "icmpv6"] as const;
const SHORT = new Set([
  "source",
  "destination",
  "sourceMac",
  "destinationMac",
  "ttl",
  "dscp",
  "ecn",
  "checksum",
  "headerChecksum",
  "payload",
  "extensions",
  "inner",
]);

function endpointChanges(end: "source" | "destination", text: string): Change[] {
  const { address, port, family } = parseEndpoint(text);
  const network: Change = { kinds: [family === 4 ? "ipv4" : "ipv6"], fields: { [end]: address } };
  return port === null ? [network] : [network, { kinds: ["tcp", "udp"], fields: { [`${end}Port`]: port } }];
}

function changesOf(o: Overrides): Change[] {
  const changes: Change[] = [];
  const add = (kinds: readonly LayerKind[], fields: Record<string, unknown>) => changes.push({ kinds, fields });
  if (o.source !== undefined) changes.push(...endpointChanges("source", o.source));
  if (o.destination !== undefined) changes.push(...endpointChanges("destination", o.destination));
  if (o.sourceMac !== undefined) add(["ethernet"], { source: o.sourceMac });
  if (o.destinationMac !== undefined) add(["ethernet"], { destination: o.destinationMac });
  if (o.ttl !== undefined) add(NETWORKS, { ttl: o.ttl });
  if (o.dscp !== undefined) add(NETWORKS, { dscp: o.dscp });
  if (o.ecn !== undefined) add(NETWORKS, { ecn: o.ecn });
  if (o.checksum !== undefined) add(TRANSPORTS, { checksum: o.checksum });
  if (o.headerChecksum !== undefined) add(["ipv4"], { checksum: o.headerChecksum });
  for (const [kind, fields] of Object.entries(o))
    if (!SHORT.has(kind) && fields !== undefined) add([kind as LayerKind], fields as Record<string, unknown>);
  return changes;
}

/** Where the packet in the tunnel begins, or the end. */
function innerStart(specs: readonly LayerSpec[]): number {
  let networks = 0;
  for (const [i, { kind }] of specs.entries()) {
    if (i > 0 && kind === "ethernet") return i;
    if ((kind === "ipv4" || kind === "ipv6") && ++networks === 2) return i;
  }
  return specs.length;
}

const renamed = (spec: LayerSpec, fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  if (spec.kind !== "ipv6" || fields.ttl === undefined) return fields;
  const { ttl, ...rest } = fields;
  return { ...rest, hopLimit: ttl };
};

export function override(
  specs: readonly LayerSpec[],
  overrides: Overrides,
  missing: (kind: string) => never,
): LayerSpec[] {
  const split = innerStart(specs);
  let outer = specs.slice(0, split);
  let inner = specs.slice(split);
  for (const { kinds, fields } of changesOf(overrides)) {
    const at = outer.findIndex((spec) => kinds.includes(spec.kind));
    if (at < 0) {
      const other = outer.find((spec) => spec.kind === "ipv4" || spec.kind === "ipv6");
      const wanted = fields.source ?? fields.destination;
      if (
        kinds.length === 1 &&
        other !== undefined &&
        kinds[0] !== other.kind &&
        /^ipv[46]$/.test(kinds[0] ?? "") &&
        wanted !== undefined
      ) {
        throw new ZetaError([mixedFamilies(null, String(wanted), `an ${other.kind} packet`)]);
      }
      return missing(kinds.join(" or "));
    }
    const spec = outer[at] as LayerSpec;
    outer = outer.with(at, { ...spec, ...renamed(spec, fields) } as LayerSpec);
  }
  if (overrides.extensions !== undefined) {
    const bare = outer.filter((spec) => !EXTENSIONS.has(spec.kind));
    const at = bare.findIndex((spec) => spec.kind === "ipv6");
    if (at < 0) return missing("ipv6");
    outer = bare.toSpliced(at + 1, 0, ...overrides.extensions);
  }
  if (overrides.payload !== undefined) {
    const bytes = toBytes(overrides.payload);
    const whole = inner.length > 0 ? inner : outer;
    const body = whole.filter((spec) => spec.kind !== "payload");
    const filled: LayerSpec[] = bytes.length === 0 ? body : [...body, { kind: "payload", bytes }];
    if (inner.length > 0) inner = filled;
    else outer = filled;
  }
  if (overrides.inner !== undefined) {
    if (inner.length === 0) return missing("tunnel");
    inner = override(inner, overrides.inner, missing);
  }
  return [...outer, ...inner];
}
