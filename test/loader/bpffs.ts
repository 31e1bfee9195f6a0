/** A BPF file system for the length of a test. */
import { mkdtempSync, readdirSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mountBpffs, unmountBpffs } from "../../runtime/index.ts";

export interface TestBpffs extends AsyncDisposable {
  readonly path: string;
  /** What is pinned, at the top. */
  readonly names: () => string[];
}

export async function testBpffs(): Promise<TestBpffs> {
  const folder = mkdtempSync(join(tmpdir(), "zeta-pins-"));
  const path = join(folder, "bpf");
  await mountBpffs(path);
  // The kernel's own files have a dot in their names; folders and links are what iproute2 leaves wherever it finds such a file system.
  const names = () =>
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.includes("."))
      .map(({ name }) => name)
      .sort();
  return {
    path,
    names,
    async [Symbol.asyncDispose]() {
      for (const name of names()) unlinkSync(join(path, name));
      if (!(await unmountBpffs(path))) throw new Error(`${path} is still mounted: ${readdirSync(path)}`);
      rmSync(folder, { recursive: true });
    },
  };
}
