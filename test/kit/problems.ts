/** What the testing kit tells its user. Codes ZT9000 to ZT9099 belong to the kit. */
import { problem } from "../../compiler/diagnostics/problem.ts";

export const notAnAddress = problem("ZT9001", (text: string, what: string) => ({
  message: `'${text}' is not the text of an ${what} address.`,
  fix: 'Write "10.0.0.1", "2001:db8::1" or "02:00:00:00:00:01".',
}));

export const notAnEndpoint = problem("ZT9002", (text: string) => ({
  message: `'${text}' is not an address with a port.`,
  fix: 'Write "10.0.0.7:40000" or "[2001:db8::1]:80".',
}));

export const mixedFamilies = problem("ZT9003", (source: string, destination: string) => ({
  message: `'${source}' and '${destination}' are not of the same address family.`,
  fix: "Give two IPv4 or two IPv6 addresses; build a translated packet anew.",
}));

export const noSuchLayer = problem("ZT9004", (layer: string, packet: string) => ({
  message: `The packet has no ${layer} layer to change: ${packet}.`,
  fix: "Change a layer it has, or build another packet.",
}));

export const notACapture = problem("ZT9005", (reason: string) => ({
  message: `This is not a capture file that can be read: ${reason}.`,
  fix: "Give the whole content of a pcap or pcapng file.",
}));

export const noSuchMap = problem("ZT9006", (name: string, known: readonly string[]) => ({
  message: `The program has no map '${name}'.`,
  fix: known.length === 0 ? "It declares no maps." : `It has: ${known.join(", ")}.`,
}));

export const noPrivileges = problem("ZT9007", (missing: string) => ({
  message: `The kernel target needs ${missing}.`,
  fix: "Run the tests as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON.",
}));

export const shortForKernel = problem("ZT9008", (length: number) => ({
  message: `The kernel's test run refuses packets under 14 bytes; this one has ${length}.`,
  fix: "Run packets that short on the interpreter only.",
}));

export const notSupported = problem("ZT9009", (what: string, target: string) => ({
  message: `${what} cannot be done on the target '${target}' with this program.`,
  fix: "Use another target, or a program that has it.",
}));

export const notASpan = problem("ZT9010", (text: string) => ({
  message: `'${text}' is not a length of time.`,
  fix: 'Write nanoseconds as a bigint, or "5s", "250ms", "10us", "1ns", "2m", "1h".',
}));

export const mapRefused = problem("ZT9012", (name: string, what: string, errno: number) => ({
  message: `Map '${name}' refused to ${what} (errno ${errno}).`,
  fix: "Look at its kind, its flags and its number of entries.",
}));

export const noSuchGlobal = problem("ZT9013", (name: string, known: readonly string[]) => ({
  message: `The program has no global '${name}'.`,
  fix: known.length === 0 ? "It declares none." : `It has: ${known.join(", ")}.`,
}));

export const noSuchProgram = problem("ZT9014", (name: string | null, known: readonly string[]) => ({
  message:
    name === null
      ? "The module has several programs and none is named as its root."
      : `The module has no program '${name}'.`,
  fix: `Name one of: ${known.join(", ")}.`,
}));
