/** Which test files share their workers, and the order in which all of them start. */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files of one group run in the same two processes: TypeScript and the compiler are warm there after the first, and what all of
 * a group need is compiled and in the kernel. All others have a process each: they count what a process holds, change what
 * belongs to all of it, or are commands and labs, which have processes of their own anyway.
 */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  compiler: ["test/{backend,compiler,config,diagnostics,interpreter,ir,language,passes}/**/*.test.ts"],
  headers: ["test/{errors,flow,fragments,headers,icmp,neighbour,overlay,translate}/**/*.test.ts"],
  services: ["test/services/**/*.test.ts", "examples/*/!(lab|embed).test.ts"],
  table: ["test/{cluster,table}/**/*.test.ts"],
};

/** Files without a group that take longest: they start first, so that neither worker is at work long after the other has ended. */
export const LONGEST: readonly string[] = [
  "test/lab/cluster.test.ts",
  "test/node/command.test.ts",
  "test/lab/command.test.ts",
  "test/node/upgrade.test.ts",
  "test/bench/rivals.test.ts",
  "test/cli/run.test.ts",
  "test/simulator/second-half.test.ts",
  "test/simulator/first-half.test.ts",
  "test/package/projects.test.ts",
];

/** Those that take longest, then others without a group, then group by group as vitest has them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = ({ moduleId, project }: TestSpecification): number => {
      const at = LONGEST.findIndex((file) => moduleId.endsWith(`/${file}`));
      if (at >= 0) return at;
      return LONGEST.length + 1 + Object.keys(GROUPS).indexOf(project.name);
    };
    return sorted.sort((a, b) => place(a) - place(b));
  }
}
