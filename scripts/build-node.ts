/** Compiles the node's own programs for every CPU level into dist: the data plane that the package ships, and the one that traces. */
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createCompiler, problemsAsText, writeBundle } from "../compiler/index.ts";
import { filesInstead, PROGRAMS_OF, TRACED_PROGRAMS } from "../runtime/node/bundle.ts";

/** The flow tables exclude each other by compare-and-exchange, which v3 brought (Linux 5.12). */
const CPUS = ["v3"] as const;
const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

const compiler = createCompiler();
for (const programs of [...Object.values(PROGRAMS_OF), TRACED_PROGRAMS]) {
  const compiled = [];
  for (const cpu of CPUS) {
    const result = await compiler.compile(at(programs.source), { cpu, files: filesInstead(programs) });
    if (!result.ok) {
      console.error(problemsAsText(result.problems));
      process.exit(1);
    }
    compiled.push(result);
  }
  const [first, ...more] = compiled;
  if (first === undefined) throw new Error("There is no CPU level to build for.");
  rmSync(at(programs.bundle), { recursive: true, force: true });
  const written = await writeBundle(at(programs.bundle), first, ...more);
  if (!written.ok) {
    console.error(problemsAsText(written.problems));
    process.exit(1);
  }
}
