/** The package as a user gets it: packed, and installed in an empty folder without its optional peers. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CommandOptions, type CommandResult, run } from "../../runtime/lab/command.ts";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Installed extends Disposable {
  readonly folder: string;
  /** Paths inside the tarball. */
  readonly packed: readonly string[];
  /** Where the package lies once installed. */
  readonly home: string;
  run(command: string, parameters: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  node(code: string, type: "module" | "commonjs"): Promise<string>;
  write(file: string, text: string): void;
  /** Brings packages of the repository along, as a user who installs them would. */
  link(...packages: readonly string[]): void;
}

export async function installPacked(): Promise<Installed> {
  const folder = mkdtempSync(join(tmpdir(), "zeta-package-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
    const [listing] = JSON.parse((await run("npm", ["--prefix", root, ...pack, root])).stdout) as [
      { filename: string; files: { path: string }[] },
    ];
    writeFileSync(join(folder, "package.json"), '{ "name": "user", "version": "1.0.0", "private": true }\n');
    const install = ["install", "--prefer-offline", "--no-audit", "--no-fund", join(folder, listing.filename)];
    await run("npm", ["--prefix", folder, ...install], { timeout: 120_000 });
    const inside = (command: string, parameters: readonly string[], options?: CommandOptions) =>
      run("env", ["-C", folder, command, ...parameters], options);
    return {
      folder,
      packed: listing.files.map((file) => file.path),
      home: join(folder, "node_modules/zeta"),
      run: inside,
      node: async (code, type) =>
        (await inside(process.execPath, [`--input-type=${type}`, "--eval", code])).stdout.trim(),
      write: (file, text) => writeFileSync(join(folder, file), text),
      link: (...packages) => {
        for (const name of packages) {
          const to = join(folder, "node_modules", name);
          mkdirSync(dirname(to), { recursive: true });
          if (!readdirSync(dirname(to)).includes(name.split("/").at(-1) ?? name))
            symlinkSync(join(root, "node_modules", name), to);
        }
      },
      [Symbol.dispose]: remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}
