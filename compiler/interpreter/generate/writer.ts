/** Collects lines of JavaScript, and for each the author's place that it comes from. */
import type { Place } from "../../ir/ir.ts";

export interface WrittenLine {
  readonly text: string;
  readonly indent: number;
  /** Null for lines that no author wrote. */
  readonly at: Place | null;
}

export class Writer {
  readonly lines: WrittenLine[] = [];
  #depth = 0;

  line(text: string, at: Place | null = null): void {
    this.lines.push({ text, indent: this.#depth, at });
  }

  /** Writes `head {`, the body one step deeper, and `}`. */
  nest(head: string, at: Place | null, body: () => void, tail = "}"): void {
    this.line(head === "" ? "{" : `${head} {`, at);
    this.#depth++;
    body();
    this.#depth--;
    this.line(tail);
  }

  text(): string {
    return this.lines.map(({ text, indent }) => `${"  ".repeat(indent)}${text}\n`).join("");
  }
}
