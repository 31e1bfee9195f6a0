/** The repository's own files: tracked, and new ones that git does not ignore; deleted ones left out. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

export function repositoryFiles(): readonly string[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
  });
  return listed.split("\0").filter((file) => file !== "" && existsSync(file));
}
