/** What commands keep for the next ones. */
import { cacheFolder } from "../compile-cache.ts";
import { cacheBytes, MOST_CACHE_BYTES } from "../trim-cache.ts";
import { absent, type Fact, present } from "./fact.ts";

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 1024 / 1024)} MiB`;

export function cacheFact(): Fact {
  const identity = { id: "cache", title: "Compiled JavaScript", neededFor: "zeta" } as const;
  const folder = cacheFolder(process.env);
  if (folder === null)
    return absent(
      identity,
      "kept nowhere: there is no cache folder of this user's",
      "Nothing need be done: commands start slower. To have one: set HOME or XDG_CACHE_HOME to a folder of yours.",
      "limited",
    );
  return present(identity, `${mebibytes(cacheBytes(folder))} of at most ${mebibytes(MOST_CACHE_BYTES)} in ${folder}`);
}
