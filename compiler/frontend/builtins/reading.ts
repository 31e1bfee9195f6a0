/** `forReading`: a cursor, or null, through which nothing can be written. */
import type { BuiltinCall, Value } from "../values.ts";
import { argument, builtin } from "./arguments.ts";
import { isCursor, readingBy } from "./cursor.ts";

function reading(value: Value): Value {
  if (!isCursor(value)) throw new TypeError("forReading takes a cursor");
  return readingBy(value);
}

function forReading(call: BuiltinCall): Value {
  const given = argument(call, 0);
  if (given.kind === "null") return given;
  return given.kind === "nullable" ? { ...given, value: reading(given.value) } : reading(given);
}

export const readingBuiltins: readonly (readonly [string, Value])[] = [
  ["forReading", builtin("forReading", forReading)],
];
