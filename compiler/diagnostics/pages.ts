/** The pages behind `zeta explain`: docs/errors/CODE.md, shipped with the package. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A page in parts. Pages of the language show what is refused and what to write instead; others say what to do. */
export interface Explanation {
  readonly code: string;
  readonly title: string;
  /** The whole page, Markdown. */
  readonly markdown: string;
  readonly refused: string | null;
  readonly accepted: string | null;
}

/** The nearest folder above this module that has docs/errors: the same search works in the source tree and in dist/. */
function pagesFolder(): string | null {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const pages = join(folder, "docs", "errors");
    if (existsSync(pages)) return pages;
    if (folder === dirname(folder)) return null;
  }
}

const CODE = /^ZT\d{4}$/;

/** Codes that have a page, in order. */
export function explainedCodes(): string[] {
  const folder = pagesFolder();
  if (folder === null) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .map((name) => name.slice(0, -".md".length))
    .filter((code) => CODE.test(code))
    .sort();
}

/** The one `ts` block of a section, without its fence. */
function blockOf(markdown: string, heading: string): string | null {
  const section = markdown.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  return section?.match(/^```ts\n([\s\S]*?)^```$/m)?.[1] ?? null;
}

/** The page of a code ("ZT1001", any case), or null when there is none. */
export function explain(code: string): Explanation | null {
  const name = code.toUpperCase();
  const folder = pagesFolder();
  if (folder === null || !CODE.test(name)) return null;
  const path = join(folder, `${name}.md`);
  if (!existsSync(path)) return null;
  const markdown = readFileSync(path, "utf8");
  const title = markdown.match(/^# ZT\d{4}: (.+)$/m)?.[1] ?? "";
  return {
    code: name,
    title,
    markdown,
    refused: blockOf(markdown, "Refused"),
    accepted: blockOf(markdown, "Accepted"),
  };
}
