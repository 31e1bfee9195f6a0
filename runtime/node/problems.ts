/** What can be wrong with services on a node. Codes are written by hand and never reused; pages in docs/errors. */
import { problem } from "../../compiler/diagnostics/problem.ts";

export const addressTaken = problem("ZT8001", (address: string, holder: string) => ({
  message: `The service '${holder}' already listens at ${address}.`,
  fix: "Give each address, port and protocol of a network to one service. Nothing was changed.",
}));

export const endpointsFull = problem("ZT8002", (max: number) => ({
  message: `The node has no room for another endpoint: it knows ${max}.`,
  fix: "Take endpoints away that are no longer needed, or spread them over more nodes.",
}));

export const tooManyServices = problem("ZT8003", (max: number) => ({
  message: `The node has ${max} services, which is all that it has room for.`,
  fix: "Remove a service, or use another node.",
}));

export const serviceExists = problem("ZT8004", (name: string) => ({
  message: `The node already has a service '${name}'.`,
  fix: "Upgrade it, remove it first, or give this one another name.",
}));

export const listenersFull = problem("ZT8005", (max: number) => ({
  message: `The node has no room for these addresses: its services listen at ${max} at most, together.`,
  fix: "Listen at fewer, or at whole addresses instead of their ports. While config changes, those of before count too. Nothing was changed.",
}));

export const badUnderlay = problem("ZT8201", (path: string, reason: string) => ({
  message: `What the node was told of its networks cannot be used: ${path}: ${reason}.`,
  fix: "Correct it. Nothing was changed.",
}));

export const badQuotas = problem("ZT8202", (path: string, reason: string) => ({
  message: `These quotas cannot be used: ${path}: ${reason}.`,
  fix: "Correct it: { VNI: { flows: NUMBER, newFlows: { perSecond: NUMBER, burst: NUMBER } } }. Nothing was changed.",
}));

export const quotasFull = problem("ZT8203", (max: number) => ({
  message: `The node keeps the quotas of ${max} tenants, and these are more.`,
  fix: "Set quotas for fewer tenants, or spread tenants over more nodes. Nothing was changed.",
}));

export const noSuchService = problem("ZT8101", (name: string, known: readonly string[]) => ({
  message: `The node has no service '${name}'.`,
  fix: known.length === 0 ? "It has none at all: 'zeta node add' adds one." : `It has: ${known.join(", ")}.`,
}));

export const stateDiffers = problem("ZT8102", (path: string, before: string, after: string) => ({
  message: `State '${path}' has changed: it is ${before}; the new version declares ${after}.`,
  fix: "Keep its layout, give the new state another name, or say --fresh-state to begin with it empty. The old version serves on.",
}));

export const canaryFailed = problem("ZT8103", (name: string, expected: string, got: string) => ({
  message: `Canary '${name}' expected ${expected}; the new version gave ${got}.`,
  fix: "Correct the service, its config or the canary. The old version serves on.",
}));

export const badCanaries = problem("ZT8104", (file: string, reason: string) => ({
  message: `The canaries in '${file}' cannot be used: ${reason}.`,
  fix: 'Give a JSON list: [{ "name": TEXT, "packet": HEXADECIMAL, "verdict": "forward" | "host" | "drop" | "reply" }].',
}));

export const serviceChanged = problem("ZT8105", (name: string) => ({
  message: `The service '${name}' was removed or upgraded meanwhile.`,
  fix: "Look at 'zeta node status', and try again.",
}));

export const otherNode = problem("ZT8106", (name: string) => ({
  message: `The service '${name}' was built for nodes whose tables are laid out otherwise than this one's.`,
  fix: "Build it again with the version of Zeta that runs the node. Nothing was changed.",
}));
