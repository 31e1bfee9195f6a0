import { existsSync } from "node:fs";
import { defineConfig, type Options } from "tsup";

/** One entry per subpath of the package. */
const subpaths = {
  index: "sdk/index.ts",
  bpf: "sdk/bpf/index.ts",
  compiler: "compiler/index.ts",
  runtime: "runtime/index.ts",
  testing: "test/kit/index.ts",
};
/** vitest is an ES module, and so is what extends it. */
const vitestSubpath = { "testing-vitest": "test/kit/matchers.ts" };
const command = { cli: "runtime/cli/main.ts", "trace-guard": "runtime/trace/guard.ts" };

const there = (entries: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file)));

const shared: Options = {
  target: "node22",
  platform: "node",
  shims: true,
  sourcemap: true,
  // Shared chunks: a value made by one subpath is recognised by another, `instanceof` included.
  splitting: true,
  esbuildOptions: (options) => {
    options.chunkNames = "chunks/[name]-[hash]";
  },
  // Optional peers and native parts are found at run time, never bundled.
  external: ["llvm-bindings", "typescript", "ts-morph", "koffi", "vitest"],
};

export default defineConfig([
  {
    ...shared,
    format: "esm",
    entry: there({ ...subpaths, ...vitestSubpath, ...command }),
    dts: { entry: there({ ...subpaths, ...vitestSubpath }) },
  },
  // Source maps of split CommonJS name files by where they were built; ESM's name them by where they lie.
  { ...shared, format: "cjs", sourcemap: false, entry: there(subpaths), dts: { entry: there(subpaths) } },
]);
