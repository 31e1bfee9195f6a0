/**
 * `npm run bootstrap [-- --with kernels]`: brings a fresh Debian 12 machine to where everything runs, and does nothing on
 * a machine that is there already. Plain JavaScript for the Node 18 of Debian itself: it runs before anything is installed.
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { installPackages, NotInstallable } from "./bootstrap/apt.mjs";
import { ensureBuild } from "./bootstrap/build.mjs";
import { ensureModules } from "./bootstrap/modules.mjs";
import { missingPackages } from "./bootstrap/packages.mjs";
import { say } from "./bootstrap/run.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const withKernels = process.argv.includes("kernels");

try {
  const started = Date.now();
  const missing = missingPackages(withKernels ? ["base", "kernels"] : ["base"]);
  if (missing.length > 0) installPackages(missing);
  const left = missingPackages(withKernels ? ["base", "kernels"] : ["base"]);
  if (left.length > 0) throw new Error(`Installed, and yet not found: ${left.map((one) => one.name).join(" ")}.`);
  const installed = ensureModules(root);
  const built = ensureBuild(root);
  const done = missing.length > 0 || installed || built;
  say(done ? `ready after ${Math.round((Date.now() - started) / 1000)} s` : "nothing to do");
} catch (error) {
  console.error(`bootstrap: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof Error && error.cause) console.error(error.cause);
  process.exitCode = error instanceof NotInstallable ? 2 : 1;
}
