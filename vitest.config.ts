import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { GROUPS, LONGEST, LongestFirst } from "./test/suite/order.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const gone = LONGEST.filter((file) => !existsSync(here(file)));
if (gone.length > 0) throw new Error(`test/suite/order.ts names ${gone.join(", ")}, which is not there.`);

const EVERY = ["test/**/*.test.ts", "examples/**/*.test.ts"];
const MODULES = "**/node_modules/**";

export default defineConfig({
  resolve: {
    alias: [
      { find: /^zeta$/, replacement: here("./sdk/index.ts") },
      { find: /^zeta\/bpf$/, replacement: here("./sdk/bpf/index.ts") },
      { find: /^zeta\/compiler$/, replacement: here("./compiler/index.ts") },
      { find: /^zeta\/runtime$/, replacement: here("./runtime/index.ts") },
      { find: /^zeta\/testing$/, replacement: here("./test/kit/index.ts") },
      { find: /^zeta\/testing\/vitest$/, replacement: here("./test/kit/matchers.ts") },
    ],
  },
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: { name: "alone", include: EVERY, exclude: [MODULES, ...Object.values(GROUPS).flat()] },
      },
      ...Object.entries(GROUPS).map(([name, include]) => ({
        extends: true as const,
        test: { name, include: [...include], exclude: [MODULES], isolate: false },
      })),
    ],
  },
});
