/** What makes a manifest vouch for itself: a digest of its content, which a changed one no longer has. */
import { createHash } from "node:crypto";

const byText = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : a > b ? 1 : 0);

/** JSON that does not depend on the order of properties, nor on white space: the same content gives the same text. */
function canonical(data: unknown): string {
  if (Array.isArray(data)) return `[${data.map(canonical).join(",")}]`;
  if (typeof data !== "object" || data === null) return JSON.stringify(data);
  const properties = Object.entries(data).sort(byText);
  return `{${properties.map(([name, value]) => `${JSON.stringify(name)}:${canonical(value)}`).join(",")}}`;
}

/**
 * SHA-256 over everything in a manifest as its file has it, but for its property `digest`: hexadecimal.
 * It finds damage and edits, not malice: who can write the file can write another digest.
 */
export function manifestDigest(data: object): string {
  const { digest: _, ...content } = data as { readonly digest?: unknown };
  return createHash("sha256").update(canonical(content)).digest("hex");
}
