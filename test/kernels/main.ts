/**
 * `npm run test:kernels [-- FOLDER] [--kernel 6.1] [--verbose]`: boots Debian's stock kernels in an emulator and loads
 * there what Zeta itself makes (objects.ts), or every object of a folder. Exit code 0 when each kernel took each object
 * meant for it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { passObject, refusedObject } from "../../runtime/lab/xdp-object.ts";
import { boot } from "./boot.ts";
import { buildGuest, type GuestObject } from "./guest.ts";
import { canaries, isFor, judge, type Row, table } from "./judge.ts";
import { fetchKernel, type Kernel, kernels } from "./kernels.ts";
import { objectsIn, ownObjects } from "./objects.ts";

const cache = ".zeta/kernels";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { kernel: { type: "string", multiple: true }, verbose: { type: "boolean", default: false } },
});
const chosen = kernels.filter(({ name }) => values.kernel === undefined || values.kernel.includes(name));
const [folder] = positionals;
const objects = folder === undefined ? await ownObjects() : objectsIn(folder);

if (objects.length === 0 || chosen.length === 0) {
  console.error("usage: npm run test:kernels [-- FOLDER] [--kernel VERSION] [--verbose]");
  console.error(
    `FOLDER holds *.o files (the examples, the node and earlier failures unless told); VERSION is one of ${kernels.map(({ name }) => name).join(", ")}.`,
  );
  process.exitCode = 2;
} else {
  const rows: Row[] = [];
  for (const kernel of chosen) rows.push(...(await tryOn(kernel, objects)));
  console.log(table(rows, values.verbose));
  const failed = rows.filter((row) => row.result === "FAIL").length;
  console.log(`\n${rows.filter((row) => row.result === "pass").length} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

async function tryOn(kernel: Kernel, all: readonly GuestObject[]): Promise<readonly Row[]> {
  const image = await fetchKernel(kernel, cache);
  const meant = all.filter(({ name }) => isFor(kernel, name));
  const guest = await buildGuest([
    ...meant,
    { name: canaries.taken, bytes: passObject() },
    { name: canaries.refused, bytes: refusedObject() },
  ]);
  mkdirSync(cache, { recursive: true });
  const temporary = mkdtempSync(join(cache, "boot-"));
  try {
    const initramfs = join(temporary, "initramfs");
    writeFileSync(initramfs, guest);
    const started = Date.now();
    const outcome = await boot({ image, initramfs, timeout: 180_000 + 10_000 * meant.length });
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.error(`Linux ${outcome.kernel ?? kernel.name}: ${outcome.loaded.length} objects tried in ${seconds} s`);
    return judge(
      kernel,
      all.map(({ name }) => name),
      outcome,
    );
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
