/** Checks config against its types; what is wrong comes out as problems with the path of each wrong part. */
import type { z } from "zod";
import type { Manifest } from "../../compiler/bundle/manifest.ts";
import type { Problem } from "../../compiler/diagnostics/problem.ts";
import type { Finding } from "./findings.ts";
import { foldedIn } from "./folded-fields.ts";
import { presentField } from "./present.ts";
import {
  dangling,
  duplicateEntry,
  foldedField,
  missingField,
  tooManyEntries,
  unknownField,
  wrongValue,
} from "./problems.ts";
import { configSchema, fieldSchemas, splitPath } from "./schema.ts";

/** Encoded content by path. */
export type Content = ReadonlyMap<string, unknown>;

export type Validated =
  | { readonly ok: true; readonly content: Content }
  | { readonly ok: false; readonly problems: readonly Problem[] };

type Issue = z.core.$ZodIssue;

/** More than these in one answer help nobody. */
const MOST_PROBLEMS = 50;

const PLAIN = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** `acl.rules["10.0.0.0/8"].from`, `lb.backends[3].port`. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      const text = String(part);
      return PLAIN.test(text) ? `${index === 0 ? "" : "."}${text}` : `[${JSON.stringify(text)}]`;
    })
    .join("");

/** How far a value is from one form of several: names that do not belong weigh most. */
const distance = (issues: readonly Issue[]): number =>
  issues.reduce((sum, issue) => {
    if (issue.path.length === 0 && (issue.code === "invalid_type" || issue.code === "invalid_union")) return sum + 100;
    if (issue.code === "unrecognized_keys") return sum + 3 * issue.keys.length;
    return sum + (issue.code === "invalid_type" ? 2 : 1);
  }, 0);

/** What is wrong with the form that was most likely meant, of those a field takes. */
function* meant(issue: Issue, path: readonly PropertyKey[]): Generator<{ issue: Issue; path: PropertyKey[] }> {
  const at = [...path, ...issue.path];
  if (issue.code === "invalid_union") {
    const [closest] = [...issue.errors].sort((a, b) => distance(a) - distance(b));
    if (closest !== undefined && distance(closest) < 100) {
      for (const inner of closest) yield* meant(inner, at);
      return;
    }
  }
  yield { issue, path: at };
}

const isAbsent = (value: unknown, path: readonly PropertyKey[]): boolean => {
  let at = value;
  for (const part of path) {
    if (typeof at !== "object" || at === null || !(part in at)) return true;
    at = (at as Record<PropertyKey, unknown>)[part];
  }
  return false;
};

const knownAt = (known: readonly string[], path: string): readonly string[] => {
  const below = known.filter((each) => each.startsWith(`${path}.`));
  return below.length > 0 || path !== "" ? below : known;
};

function* problemsOf(
  issue: Issue,
  prefix: readonly PropertyKey[],
  input: unknown,
  known: readonly string[],
): Generator<Problem> {
  for (const { issue: each, path } of meant(issue, [])) {
    const text = pathText([...prefix, ...path]);
    const {
      duplicateOf,
      tooMany,
      dangling: absent,
    } = ((each.code === "custom" ? each.params : undefined) as Finding & object) ?? {};
    if (each.code === "unrecognized_keys") {
      for (const key of each.keys) yield unknownField(null, pathText([...prefix, ...path, key]), knownAt(known, text));
    } else if (duplicateOf !== undefined) yield duplicateEntry(null, text, duplicateOf);
    else if (tooMany !== undefined) yield tooManyEntries(null, text, tooMany.count, tooMany.max);
    else if (absent !== undefined) yield dangling(null, text, absent.missing, absent.among);
    else if (path.length > 0 && isAbsent(input, path)) yield missingField(null, text);
    else yield wrongValue(null, text === "" ? "(whole)" : text, each.message.replace(/\.$/, ""));
  }
}

const refused = (
  { issues }: z.ZodError,
  prefix: readonly PropertyKey[],
  input: unknown,
  known: readonly string[],
): Validated => ({
  ok: false,
  problems: issues
    .slice(0, MOST_PROBLEMS)
    .flatMap((issue) => [...problemsOf(issue as Issue, prefix, input, known)])
    .slice(0, MOST_PROBLEMS),
});

/** Checks a config as a whole, or single fields by path. */
export interface Validator {
  readonly paths: readonly string[];
  whole(config: unknown): Validated;
  field(path: string, value: unknown): Validated;
}

/** Fields may also be given by their paths: `{ "acl.rules": … }` is `{ acl: { rules: … } }`. */
function nestedByPath(config: unknown, known: ReadonlyMap<string, unknown>): unknown {
  if (typeof config !== "object" || config === null || Array.isArray(config)) return config;
  // Without a prototype, so that a part named "__proto__" is one that nobody declared, and nothing else.
  const nested: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(config)) {
    if (!known.has(key)) nested[key] = value;
  }
  for (const [key, value] of Object.entries(config)) {
    if (!known.has(key)) continue;
    const [part, field] = splitPath(key);
    nested[part] = { ...(nested[part] as object | undefined), [field]: value };
  }
  return nested;
}

export function validatorOf(manifest: Manifest): Validator {
  const schemas = fieldSchemas(manifest);
  const schema = configSchema(manifest);
  const paths = [...schemas.keys()];
  const folded = foldedIn(manifest);
  /** What is folded cannot be given otherwise, and stands there when it is left out. */
  const settled = (given: readonly (readonly [string, unknown])[]): Validated => {
    const problems = given.flatMap(([path, content]) => {
      const bytes = folded.get(path);
      if (bytes === undefined || content === undefined || Buffer.compare(content as Uint8Array, bytes) === 0) return [];
      return [foldedField(null, path, JSON.stringify(presentField(manifest, path, bytes)))];
    });
    if (problems.length > 0) return { ok: false, problems };
    return { ok: true, content: new Map(given.map(([path, content]) => [path, content ?? folded.get(path)])) };
  };
  return {
    paths,
    whole(config) {
      const nested = nestedByPath(config, schemas);
      const result = schema.safeParse(nested);
      if (!result.success) return refused(result.error, [], nested, paths);
      const content = paths.map((path) => {
        const [part, field] = splitPath(path);
        return [path, result.data[part]?.[field]] as const;
      });
      return settled(content);
    },
    field(path, value) {
      const type = schemas.get(path);
      if (type === undefined) return { ok: false, problems: [unknownField(null, path, paths)] };
      const result = type.safeParse(value);
      return result.success ? settled([[path, result.data]]) : refused(result.error, splitPath(path), value, paths);
    },
  };
}
