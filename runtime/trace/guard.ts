/**
 * A process that watches over one which traces a data plane that goes on without it (`--keep`): when that is killed, this puts
 * the ordinary programs back, which nobody else has any more. It is started with descriptors of all that it needs, tells that it
 * is ready, and ends without having done anything when it is told "done".
 */

import { waitForPrograms } from "../loader/grace.ts";
import { openLibrary } from "../loader/library.ts";
import { mapHandle } from "../loader/map-handle.ts";
import { lookup, remove, update } from "../loader/map-operations.ts";
import { word } from "../loader/word.ts";
import { updateLink } from "../loader/xdp.ts";
import type { GuardPlan } from "./guarded.ts";

const { root, links, stages, more, programs, services } = JSON.parse(process.argv[2] ?? "") as GuardPlan;

function putBack(): void {
  // One whose interface has gone refuses, and needs nothing.
  for (const link of links) updateLink(link, root);
  const table = mapHandle(stages.table, false);
  for (const { place, program } of stages.own) update(table, word(place), word(program));
  const deciding = mapHandle(programs, false);
  for (const { place, told, program } of services) {
    const now = lookup(deciding, word(place));
    if (now !== null && Buffer.from(now).readUInt32LE(0) === told) update(deciding, word(place), word(program));
  }
  waitForPrograms();
  for (const place of more) remove(table, word(place));
}

// What ends the one that is watched over from a terminal, or with its group, is not to end this.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
await openLibrary();
let said = "";
process.stdin.setEncoding("utf8").on("data", (text: string) => {
  said += text;
});
process.stdin.on("end", () => {
  if (said !== "done\n") putBack();
  process.exit(0);
});
process.stdout.write("ready\n");
