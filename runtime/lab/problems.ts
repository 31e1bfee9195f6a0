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

export const badLabConfig = problem("ZT7009", (file: string, reason: string) => ({
  message: `The lab's config '${file}' cannot be used: ${reason}.`,
  fix: "Correct it; docs/cli.md shows its fields, and 'defineLab' of 'zeta/runtime' checks them in an editor. Nothing was built.",
}));

export const labRuns = problem("ZT7010", (folder: string) => ({
  message: `There is a lab already, in '${folder}'.`,
  fix: "Take it down with 'zeta lab down', or name another state folder with --state.",
}));

export const noLab = problem("ZT7011", (folder: string) => ({
  message: `There is no lab in '${folder}'.`,
  fix: "Build one with 'zeta lab up lab.config.ts', or name its state folder with --state.",
}));

export const labUnfinished = problem("ZT7012", (folder: string) => ({
  message: `What is in '${folder}' is only a part of a lab: 'zeta lab up' is at work, or was killed.`,
  fix: "Wait for it, or take away what is left with 'zeta lab down'.",
}));

export const labBusy = problem("ZT7013", (folder: string) => ({
  message: `Another command is changing the lab in '${folder}'.`,
  fix: "Wait until it has ended: one changes a lab at a time.",
}));

export const noSuchPart = problem("ZT7014", (kind: string, name: string, known: readonly string[]) => ({
  message: `The lab has no ${kind} '${name}'.`,
  fix: `It has: ${known.join(", ")}.`,
}));

export const processStays = problem("ZT7016", (processes: readonly number[]) => ({
  message: `Processes of the lab cannot be ended: ${processes.join(", ")}.`,
  fix: "The kernel holds them (state D in 'ps'); run 'zeta lab down' again when it has let go.",
}));

export const memberFrozen = problem("ZT7019", (name: string) => ({
  message: `The agent of '${name}' is frozen, and it is in the view: it cannot be told of a new key, and would lose packets.`,
  fix: "Heal it ('zeta lab heal'), or take it out of the view ('zeta lab view --without'), then rotate again.",
}));

export const memberGone = problem("ZT7017", (name: string, process: number) => ({
  message: `The agent of '${name}' (process ${process}) is not there any more, and with it its data plane.`,
  fix: "Look at its output in the lab's folder of logs; build the lab anew to have it again.",
}));

export const chainLives = problem("ZT7020", (chain: number, names: readonly string[]) => ({
  message: `Chain ${chain} is not lost: ${names.join(" and ")} ${names.length === 1 ? "runs, and has" : "run, and have"} its decisions.`,
  fix: "Take those of it that have failed out of the view ('zeta lab view --without'); '--force' replaces it all the same, and its connections are lost.",
}));

export const cannotTakePlace = problem("ZT7021", (name: string, reason: string) => ({
  message: `'${name}' cannot be taken into the view: ${reason}.`,
  fix: "Heal it ('zeta lab heal'), or name another; 'zeta lab status' shows who runs.",
}));

export const fillingEnds = problem("ZT7018", (owed: number) => ({
  message: `Members that are being filled get nowhere: ${owed} entries have not been acknowledged for a minute.`,
  fix: "Look at 'zeta lab status': a member of the path is frozen or gone. Take it out with 'zeta lab view --without'; 'zeta lab view' goes on with the rest.",
}));
