/** What `middlebox` and `service` declare, before anything is lowered. */
import type { LayoutData } from "../../../sdk/layout/data.ts";
import type { FunctionValue } from "../values.ts";

export type ConfigSpec =
  | { readonly kind: "scalar"; readonly of: LayoutData }
  | { readonly kind: "prefixes"; readonly of: LayoutData; readonly max: number }
  | { readonly kind: "table"; readonly key: LayoutData; readonly of: LayoutData; readonly max: number }
  | { readonly kind: "maglev"; readonly of: LayoutData; readonly max: number; readonly tableSize: number }
  | { readonly kind: "portPool"; readonly max: number; readonly forwards: number; readonly perDestination: boolean }
  | { readonly kind: "secret" };

export type StateSpec =
  | { readonly kind: "counter" }
  | { readonly kind: "meter" }
  | {
      readonly kind: "rateLimiter";
      readonly key: LayoutData;
      readonly max: number;
      readonly scope: "node" | "service";
    }
  | { readonly kind: "boundedTable"; readonly key: LayoutData; readonly of: LayoutData; readonly max: number }
  | { readonly kind: "binding"; readonly key: LayoutData; readonly of: LayoutData; readonly max: number }
  | { readonly kind: "events"; readonly of: LayoutData; readonly buffer: number };

export interface MiddleboxSpec {
  readonly name: string;
  readonly both: boolean;
  readonly filter: FunctionValue | null;
  readonly decide: FunctionValue | null;
  readonly complete: FunctionValue | null;
  readonly holds: FunctionValue | null;
  readonly config: ReadonlyMap<string, ConfigSpec>;
  readonly state: ReadonlyMap<string, StateSpec>;
}

export interface ServiceSpec {
  readonly name: string;
  readonly chain: readonly MiddleboxSpec[];
  readonly listensToAll: boolean;
  readonly flows: number;
}

/** Hooks by their names in a middlebox's declaration. */
export const HOOKS = ["filter", "decide", "complete", "holds"] as const;
export type Hook = (typeof HOOKS)[number];

/** The service's bindings by path, in the order of their bits. */
export const bindingPaths = ({ chain }: ServiceSpec): readonly string[] =>
  chain.flatMap((box) =>
    [...box.state].flatMap(([name, spec]) => (spec.kind === "binding" ? [`${box.name}.${name}`] : [])),
  );

/** The service's port pools by path, in the order of their numbers. */
export const poolPaths = ({ chain }: ServiceSpec): readonly string[] =>
  chain.flatMap((box) =>
    [...box.config].flatMap(([name, spec]) => (spec.kind === "portPool" ? [`${box.name}.${name}`] : [])),
  );

/** Names of maps and globals: "syn-defence" + "passed" → "syn_defence_passed". */
export const mapName = (box: string, field: string): string => `${box}_${field}`.replaceAll("-", "_");
