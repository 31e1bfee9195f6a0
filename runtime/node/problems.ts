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
