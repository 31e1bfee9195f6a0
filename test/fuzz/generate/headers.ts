/** Every header that the SDK describes, by the name programs import. */
import * as headers from "../../../sdk/headers/index.ts";
import type { Layout } from "../../../sdk/layout/layouts.ts";
import type { NamedLayout } from "./layouts.ts";

const isLayout = (value: unknown): value is Layout<unknown> =>
  typeof value === "object" && value !== null && "layout" in value;

export const HEADERS: readonly NamedLayout[] = Object.entries(headers).flatMap(([text, value]) =>
  isLayout(value) ? [{ text, layout: value.layout }] : [],
);

export const headerCalled = (name: string): NamedLayout => {
  const found = HEADERS.find(({ text }) => text === name);
  if (found === undefined) throw new RangeError(`the SDK has no header '${name}'`);
  return found;
};
