/** Installs Debian packages without starting the daemons they bring. */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { run, say } from "./run.mjs";

const policyFile = "/usr/sbin/policy-rc.d";

/** What a person without root or without apt has to do by hand. */
export class NotInstallable extends Error {}

/** @param {readonly { name: string, why: string }[]} packages */
export function installPackages(packages) {
  const names = packages.map((one) => one.name);
  const reason = whyNot();
  if (reason !== null) {
    const list = packages.map((one) => `  ${one.name.padEnd(18)} ${one.why}`).join("\n");
    throw new NotInstallable(
      `${reason} These packages are missing:\n${list}\nOn Debian 12, as root:\n  apt-get install --no-install-recommends ${names.join(" ")}`,
    );
  }
  say(`installing Debian packages: ${names.join(" ")}`);
  const restore = holdDaemons();
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    run("apt-get", ["update", "-qq"], { env, quiet: true });
    run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...names], { env, quiet: true });
  } finally {
    restore();
  }
}

/** @returns {string | null} why this process cannot install packages */
function whyNot() {
  if (spawnSync("apt-get", ["--version"]).status !== 0) return "This machine has no apt-get.";
  if (process.getuid?.() !== 0) return "Installing packages needs root.";
  return null;
}

/**
 * Debian starts a daemon when its package is installed; a policy of our own forbids it for as long as we install.
 * A policy that is already there is the machine owner's and stays as it is.
 */
function holdDaemons() {
  if (existsSync(policyFile)) return () => {};
  writeFileSync(policyFile, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  const remove = () => rmSync(policyFile, { force: true });
  const interrupted = () => {
    remove();
    process.exit(130);
  };
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", interrupted);
  return () => {
    remove();
    process.off("SIGINT", interrupted);
    process.off("SIGTERM", interrupted);
  };
}
