import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

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
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
