/** Canaries as a file: beside a service ("service.canaries.json"), in a bundle ("canaries.json"), or recorded by hand. */
import { z } from "zod";
import { failure } from "../loader/problems.ts";
import { CANARY_VERDICTS, type Canary } from "./canaries.ts";
import { badCanaries } from "./problems.ts";

const SHORTEST = 14;
const LONGEST = 9216;

const packet = z
  .string()
  .transform((text) => text.replace(/[\s:]/g, ""))
  .refine((text) => /^([0-9a-fA-F]{2})*$/.test(text), "a frame in hexadecimal was expected")
  .refine(
    (text) => text.length >= 2 * SHORTEST && text.length <= 2 * LONGEST,
    `${SHORTEST} to ${LONGEST} bytes were expected`,
  )
  .transform((text): Uint8Array => Buffer.from(text, "hex"));

/** What a file holds, and what a node is sent. */
export const canaryFileSchema = z
  .array(
    z.strictObject({
      name: z.string().min(1),
      packet,
      verdict: z.enum(CANARY_VERDICTS).optional(),
      reason: z.string().optional(),
    }),
  )
  .max(1000);
export type CanaryFile = z.input<typeof canaryFileSchema>;

const place = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");

/** @throws ZT8104, with the path of what does not fit. */
export function readCanaries(file: string, content: unknown): readonly Canary[] {
  const parsed = canaryFileSchema.safeParse(content);
  if (parsed.success) return parsed.data as readonly Canary[];
  const [issue] = parsed.error.issues;
  const where = place(issue?.path ?? []);
  throw failure(
    badCanaries(null, file, `${where === "" ? "" : `${where}: `}${issue?.message ?? "not valid"}`),
    parsed.error,
  );
}
