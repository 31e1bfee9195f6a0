/**
 * `node test/backend/write-objects.ts FOLDER`: writes every test module, as every toolchain makes it, for
 * `npm run test:kernels -- FOLDER`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMBINATIONS, emitted } from "./emit.ts";
import { modules } from "./modules/index.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: node test/backend/write-objects.ts FOLDER");
mkdirSync(folder, { recursive: true });
for (const [name, make] of Object.entries(modules)) {
  for (const { llvm, cpu } of COMBINATIONS) {
    const { module, needsV3 } = make();
    if (cpu === "v2" && needsV3 === true) continue;
    const { object } = await emitted(module, { llvm, cpu });
    writeFileSync(join(folder, `${name}-llvm${llvm}-${cpu}.o`), object);
  }
}
