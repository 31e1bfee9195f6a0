/** Zeta inside a program: compiles a service, attaches it, reads its counters, detaches. Try: node embed.ts eth1 */
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { compile, ZetaError } from "zeta/compiler";
import { type ServiceInterface, startService } from "zeta/runtime";

const source = fileURLToPath(new URL("./service.ts", import.meta.url));

/** What was counted on an interface while `work` went on. */
export async function countDuring(on: ServiceInterface, work: () => Promise<unknown>): Promise<Record<string, bigint>> {
  const built = await compile(source);
  if (!built.ok) throw new ZetaError(built.problems);
  // Detached when this function ends, whichever way it does.
  await using service = await startService(built, { interfaces: [on] });
  await work();
  return service.counters();
}

const [, program, name] = process.argv;
if (program === fileURLToPath(import.meta.url)) {
  if (name === undefined) throw new Error("Give the name of an interface.");
  const counted = await countDuring({ interface: name }, () => setTimeout(10_000));
  for (const [path, count] of Object.entries(counted)) console.log(`${path}: ${count}`);
}
