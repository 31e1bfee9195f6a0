/**
 * `npm run fuzz -- --programs N --seed S --json`: random programs and packets, the interpreter against the kernel.
 * The exit code is 1 when any program differs or does not load.
 */
import { parseArgs } from "node:util";
import { campaign, MATRIX, type Summary, USUAL } from "./campaign.ts";
import { BatchCompiler, type Variant } from "./compile.ts";
import { writeObjects } from "./objects.ts";
import { readReproducer, writeReproducer } from "./reproducer.ts";
import { shrink } from "./shrink.ts";
import { attempt, type Case, type Failure } from "./trial.ts";

const USAGE = `npm run fuzz -- [options]
  --programs N   programs to generate (200)
  --seed S       the same seed makes the same programs (1)
  --first N      number of the first program (0)
  --packets N    packets for each program (12)
  --matrix       LLVM 14, 16 and the newest, with v2 and v3, in turn
  --out DIR      folder for reproducers (.zeta/fuzz)
  --json         nothing but the summary's line on standard output
  --verbose      say also why the compiler refused a program, and shrink those
  --raw          only tell failures, write no reproducers
  --objects DIR  write objects instead of running them: npm run test:kernels -- DIR
  --replay DIR   run one reproducer again`;

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    first: { type: "string", default: "0" },
    packets: { type: "string", default: "12" },
    out: { type: "string", default: ".zeta/fuzz" },
    objects: { type: "string" },
    replay: { type: "string" },
    json: { type: "boolean", default: false },
    matrix: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    raw: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const compiler = new BatchCompiler();
const seed = Number(values.seed);

const tell = (failure: Failure, { cpu, llvm }: Variant): void =>
  console.error(`${failure.kind} of ${failure.unit.name} (${cpu}, LLVM ${llvm ?? "newest"}): ${failure.reason}`);

async function onFailure(failure: Failure, variant: Variant, given: Case): Promise<void> {
  if (failure.kind === "rejected" && !values.verbose) return;
  tell(failure, variant);
  if (values.raw) return;
  const shrunk = await shrink(failure, given, { compiler, variant });
  console.error(`  written to ${await writeReproducer(values.out, seed, failure.unit, shrunk, variant)}`);
}

async function replay(folder: string): Promise<boolean> {
  const { unit, given, variant } = await readReproducer(folder);
  const failures = await attempt(compiler, [unit], variant, () => given);
  for (const failure of failures) tell(failure, variant);
  if (failures.length === 0) console.error("It no longer fails.");
  return failures.length === 0;
}

const which = {
  compiler,
  programs: Number(values.programs),
  seed,
  first: Number(values.first),
  variants: values.matrix ? MATRIX : USUAL,
};

async function objects(folder: string): Promise<boolean> {
  console.log(JSON.stringify({ objects: folder, programs: await writeObjects({ ...which, folder }), seed }));
  return true;
}

async function fuzz(): Promise<boolean> {
  const summary: Summary = await campaign({
    ...which,
    packets: Number(values.packets),
    onFailure,
    onProgress: (done) => {
      if (!values.json && process.stderr.isTTY) process.stderr.write(`\r${done} programs`);
    },
  });
  console.log(JSON.stringify(summary));
  return summary.mismatches + summary.loadFailures === 0;
}

async function run(): Promise<boolean> {
  if (values.objects !== undefined) return objects(values.objects);
  return values.replay === undefined ? fuzz() : replay(values.replay);
}

if (values.help) console.log(USAGE);
else if (!(await run())) process.exitCode = 1;
