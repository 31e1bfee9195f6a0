/** Functions of the SDK that bpf-lib implements, in the language itself. */
import { callFunction, expectFunction } from "../calls.ts";
import type { Value } from "../values.ts";
import { builtin } from "./arguments.ts";

/** By exported name: the module of bpf-lib that has a function of the same name. */
const IMPLEMENTATIONS: Readonly<Record<string, string>> = {
  openPacket: "packet/open-packet.ts",
  answer: "service/verdicts.ts",
  route: "service/verdicts.ts",
  pending: "service/verdicts.ts",
};

export const LIBRARY_MODULES: readonly string[] = [...new Set(Object.values(IMPLEMENTATIONS))];

export const libraryBuiltins: readonly (readonly [string, Value])[] = Object.entries(IMPLEMENTATIONS).map(
  ([name, file]) => [
    name,
    builtin(name, ({ to, values, node }) => {
      const fn = expectFunction(to.module.libraryValue(file, name), node, to);
      return callFunction(fn, values, node, to);
    }),
  ],
);
