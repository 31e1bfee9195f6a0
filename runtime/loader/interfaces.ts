/** Network interfaces of the calling thread's namespace. */
import { readFileSync } from "node:fs";
import { library } from "./library.ts";
import { failure, noSuchInterface } from "./problems.ts";
import { fixedText } from "./structs.ts";

const NAME_BYTES = 16;

export interface Interface {
  readonly name: string;
  readonly index: number;
}

/** Names of all interfaces, as the kernel orders them. */
export function interfaceNames(): string[] {
  const lines = readFileSync("/proc/thread-self/net/dev", "utf8").split("\n").slice(2);
  return lines.flatMap((line) => {
    const colon = line.indexOf(":");
    return colon < 0 ? [] : [line.slice(0, colon).trim()];
  });
}

/** Finds an interface by name or number. @throws ZT4004 with the names there are. */
export function findInterface(which: string | number): Interface {
  const { libc } = library();
  if (typeof which === "string") {
    const index = libc.if_nametoindex(which);
    if (index !== 0) return { name: which, index };
  } else {
    const name = Buffer.alloc(NAME_BYTES);
    if (which > 0 && libc.if_indextoname(which, name) !== null)
      return { name: fixedText(name, 0, NAME_BYTES), index: which };
  }
  throw failure(noSuchInterface(null, String(which), interfaceNames()));
}
