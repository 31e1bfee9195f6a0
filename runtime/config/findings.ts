/** What config fields find wrong beyond their values' types, and how it travels in zod's issues (see validate.ts). */
import { z } from "zod";

export interface Finding {
  readonly duplicateOf?: string;
  readonly tooMany?: { readonly count: number | bigint; readonly max: number };
  /** Something is named that is not there. */
  readonly dangling?: { readonly missing: string; readonly among: string };
}

export function report(
  context: z.RefinementCtx,
  path: readonly PropertyKey[],
  message: string,
  params: Finding = {},
): void {
  context.issues.push({ code: "custom", message, path: [...path], input: undefined, params: { ...params } });
}

export function limit(
  context: z.RefinementCtx,
  count: number | bigint,
  max: number,
  path: readonly PropertyKey[] = [],
): void {
  if (count > max) report(context, path, `at most ${max} entries`, { tooMany: { count, max } });
}

/** Finds keys that were there before, whatever text they had. */
export function duplicates(
  context: z.RefinementCtx,
): (key: string | number, at: PropertyKey | readonly PropertyKey[]) => void {
  const seen = new Map<string | number, PropertyKey | readonly PropertyKey[]>();
  return (key, at) => {
    const first = seen.get(key);
    if (first === undefined) seen.set(key, at);
    else report(context, Array.isArray(at) ? at : [at as PropertyKey], "twice", { duplicateOf: String(last(first)) });
  };
}

const last = (path: PropertyKey | readonly PropertyKey[]): PropertyKey =>
  Array.isArray(path) ? (path.at(-1) as PropertyKey) : (path as PropertyKey);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * An object as its entries, each value of one type. zod's own records build the object anew, which for a hundred thousand
 * keys takes longer than all the rest.
 */
export function recordOf<T>(value: z.ZodType<T>, error: string): z.ZodType<readonly (readonly [string, T])[]> {
  const described = {
    type: "object",
    additionalProperties: z.toJSONSchema(value, { io: "input", unrepresentable: "any" }),
  };
  return z
    .custom<Record<string, unknown>>(isRecord, { error })
    .meta(described)
    .transform((given, context) => {
      const entries: [string, T][] = [];
      for (const key of Object.keys(given)) {
        const result = value.safeParse(given[key]);
        if (result.success) entries.push([key, result.data]);
        else
          for (const issue of result.error.issues)
            context.issues.push({ ...issue, path: [key, ...issue.path], input: given[key] } as never);
      }
      return entries;
    });
}
