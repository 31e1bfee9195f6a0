/** What can go wrong while a lab is built or used. */
import { problem } from "../../compiler/diagnostics/problem.ts";

export const commandFailed = problem("ZT7001", (command: string, ended: string, said: string) => ({
  message: `'${command}' ${ended}${said === "" ? "." : `: ${said}`}`,
  fix: "Run it by hand in the same namespace to see more; 'zeta doctor' tells what the machine lacks.",
}));

export const commandMissing = problem("ZT7002", (command: string) => ({
  message: `The lab needs '${command}', which is not on this machine.`,
  fix: "Run 'npm run bootstrap', or install the package that brings the command.",
}));

export const notReady = problem("ZT7003", (command: string, waitedFor: string, milliseconds: number) => ({
  message: `'${command}' was not ready (${waitedFor}) within ${milliseconds} ms.`,
  fix: "Look at its output below; a port in use or a configuration it refuses are the usual reasons.",
}));

export const endedEarly = problem("ZT7004", (command: string, ended: string) => ({
  message: `'${command}' ${ended} before it was ready.`,
  fix: "Look at its output below; a port in use or a configuration it refuses are the usual reasons.",
}));

export const labNeedsRoot = problem("ZT7005", () => ({
  message: "A lab makes network namespaces, which this process may not.",
  fix: "Run as root, or with CAP_SYS_ADMIN and CAP_NET_ADMIN.",
}));

export const labNameTaken = problem("ZT7006", (kind: string, name: string) => ({
  message: `The lab already has a ${kind} named '${name}'.`,
  fix: "Give each its own name.",
}));

export const badLabName = problem("ZT7007", (kind: string, name: string) => ({
  message: `'${name}' cannot name a ${kind}.`,
  fix: "Use 1 to 15 lower-case letters, digits and hyphens, a letter first.",
}));

export const unreadableOutput = problem("ZT7008", (command: string, output: string) => ({
  message: `The output of '${command}' is not what the lab knows how to read: ${output}`,
  fix: "The lab reads curl 7.88 and wrk 4.1; report the version you have.",
}));
