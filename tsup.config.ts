import { existsSync } from "node:fs";
import { defineConfig } from "tsup";

/** One entry per subpath of the package, and the command. */
const entries = {
  index: "sdk/index.ts",
  bpf: "sdk/bpf/index.ts",
  compiler: "compiler/index.ts",
  runtime: "runtime/index.ts",
  testing: "test/kit/index.ts",
  cli: "runtime/cli/main.ts",
};

export default defineConfig({
  entry: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
  format: ["esm", "cjs"],
  target: "node22",
  platform: "node",
  dts: true,
  clean: true,
  shims: true,
  // Shared chunks: a value made by one subpath is recognised by another, `instanceof` included.
  splitting: true,
  sourcemap: true,
  // Optional peers and native parts are found at run time, never bundled.
  external: ["llvm-bindings", "typescript", "ts-morph", "koffi"],
});
