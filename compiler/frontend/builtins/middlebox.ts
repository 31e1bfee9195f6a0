import type { Value } from "../values.ts";

export const middleboxBuiltins: readonly (readonly [string, Value])[] = [];
