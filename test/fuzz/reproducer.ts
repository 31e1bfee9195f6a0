/** A failure as a folder: the program, the packets, what happened, and how to see it again. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Variant } from "./compile.ts";
import type { Shrunk } from "./shrink.ts";
import type { Case, Failure } from "./trial.ts";
import { sourceOf, type Unit } from "./unit.ts";

interface Stored {
  readonly unit: string;
  readonly variant: Variant;
  readonly seed: number;
  readonly packets: readonly string[];
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function story(failure: Failure): string {
  switch (failure.kind) {
    case "rejected":
      return failure.reason;
    case "load":
      return `${failure.reason}\n\n${failure.log}`;
    case "mismatch": {
      const { packet, what, interpreter, kernel } = failure.mismatch;
      return `After packet ${packet}, ${what} differs.\n\ninterpreter: ${interpreter}\nkernel:      ${kernel}`;
    }
  }
}

const instructions = (folder: string, original: Unit): string => `# A program that the fuzzer found

\`service.ts\` is the smallest program found to fail, \`original.ts\` the one it was cut from (${original.name}), \`failure.txt\` what
happened, \`case.json\` the packets and the seed of the maps' contents. To see it again:

    npm run fuzz -- --replay ${folder}

After the cause is mended, \`service.ts\` goes to \`test/fuzz/regressions\` under a name that says what was wrong.
`;

/** Writes the folder and gives its path. */
export async function writeReproducer(
  out: string,
  seed: number,
  original: Unit,
  shrunk: Shrunk,
  variant: Variant,
): Promise<string> {
  const folder = path.join(out, `seed-${seed}-${original.name}-${shrunk.failure.kind}`);
  const stored: Stored = {
    unit: shrunk.unit.name,
    variant,
    seed: shrunk.given.seed,
    packets: shrunk.given.packets.map(hex),
  };
  await mkdir(folder, { recursive: true });
  await Promise.all([
    writeFile(path.join(folder, "service.ts"), sourceOf([shrunk.unit]).text),
    writeFile(path.join(folder, "original.ts"), sourceOf([original]).text),
    writeFile(path.join(folder, "failure.txt"), `${story(shrunk.failure)}\n`),
    writeFile(path.join(folder, "case.json"), `${JSON.stringify(stored, null, 2)}\n`),
    writeFile(path.join(folder, "README.md"), instructions(folder, original)),
  ]);
  return folder;
}

/** What a reproducer's folder holds. Its imports are written anew when it is compiled. */
export async function readReproducer(folder: string): Promise<{ unit: Unit; given: Case; variant: Variant }> {
  const stored = JSON.parse(await readFile(path.join(folder, "case.json"), "utf8")) as Stored;
  const text = await readFile(path.join(folder, "service.ts"), "utf8");
  return {
    unit: { name: stored.unit, text: text.replace(/^import .*\n/, ""), needsV3: true },
    given: { seed: stored.seed, packets: stored.packets.map((packet) => Uint8Array.from(Buffer.from(packet, "hex"))) },
    variant: stored.variant,
  };
}
