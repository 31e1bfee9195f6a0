/** The files of a new project: an example, made to stand alone. */
import { join } from "node:path";
import type { Installation } from "../installation.ts";
import { exampleFiles } from "./example.ts";

/** Paths inside the project, with forward slashes → content. */
export type ProjectFiles = ReadonlyMap<string, string | Uint8Array>;

/** Exact versions zeta itself is tested with; a range only where npm has nothing newer to offer within it. */
const toolVersions = ({ package: { devDependencies, peerDependencies } }: Installation, names: readonly string[]) =>
  Object.fromEntries(
    names.flatMap((name) => {
      const version = devDependencies?.[name] ?? peerDependencies?.[name];
      return version === undefined ? [] : [[name, version]];
    }),
  );

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const packageJson = (name: string, zeta: string, from: Installation): string =>
  json({
    name,
    version: "0.1.0",
    private: true,
    type: "module",
    // Older ones are warned of when it is installed.
    engines: from.package.engines,
    scripts: {
      types: "tsc --noEmit",
      check: "zeta check service.ts",
      build: "zeta build service.ts",
      test: "vitest run",
    },
    dependencies: { zeta },
    devDependencies: toolVersions(from, ["@types/node", "typescript", "vitest"]),
  });

/**
 * What it extends also says that `vitest` is the project's own, wherever it is named: the matchers of zeta/testing/vitest add to
 * its types, and a zeta that is a link to a folder would else add to those of a vitest that lies there.
 */
const tsconfig = (): string => json({ extends: "zeta/tsconfig.json", include: ["**/*.ts"] });

/** vitest's default of five seconds is short for a test that compiles for the first time on a busy machine. */
const vitestConfig = `import { defineConfig } from "vitest/config";

export default defineConfig({ test: { testTimeout: 60_000, hookTimeout: 60_000 } });
`;

/**
 * The example's own files, those of the examples that it is put together from, then those that make it a project; the
 * example's may not be replaced. `zeta` is the dependency's specifier: a version, or `file:` and a path.
 */
export function projectFiles(name: string, template: string, zeta: string, from: Installation): ProjectFiles {
  const files = exampleFiles(join(from.root, "examples"), template);
  const added = {
    "package.json": packageJson(name, zeta, from),
    "tsconfig.json": tsconfig(),
    "vitest.config.ts": vitestConfig,
    ".gitignore": "node_modules/\nbuild/\n",
  };
  for (const [path, content] of Object.entries(added)) if (!files.has(path)) files.set(path, content);
  return files;
}
