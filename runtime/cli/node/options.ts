/** Options and forms that the commands of a live node have in common. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { NodeClient } from "../../control/client.ts";
import { chooseService } from "../../control/problems.ts";
import { failure } from "../../loader/problems.ts";
import type { CommonOptions, Session } from "../session.ts";

export interface NodeOptions extends CommonOptions {
  readonly state?: string;
}

export const withState = (command: Command): Command =>
  command.option("--state <folder>", "the state folder; that of ZETA_STATE, or /run/zeta, unless told");

export const stateOf = (session: Session, { state }: NodeOptions): { readonly state?: string } =>
  state === undefined ? {} : { state: session.path(state) };

/** The node that runs with the state folder. */
export async function nodeOf(session: Session, options: NodeOptions): Promise<NodeClient> {
  const { connectNode } = await import("../../control/client.ts");
  return connectNode(stateOf(session, options));
}

/** The service that is meant: the one named, or the only one. @throws ZT8116. */
export async function chosenService(node: NodeClient, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const names = (await node.status()).services.map(({ name }) => name);
  const [only] = names;
  if (names.length !== 1 || only === undefined) throw failure(chooseService(null, names));
  return only;
}

export const positive = (text: string): number => {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("A positive number was expected.");
};

/** A whole number from `least` to `most`. */
export const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`A whole number from ${least} to ${most} was expected.`);
  };

/** Interfaces of a run or a node: one at least, none twice. */
export const interfaceOption = (): Option =>
  new Option("-i, --interface <name>", "an interface to attach to; may be given several times")
    .argParser((name: string, before: readonly string[] | undefined) => {
      if (before?.includes(name)) throw new InvalidArgumentError("It is named twice.");
      return [...(before ?? []), name];
    })
    .makeOptionMandatory();

export const serviceOption = (): Option => new Option("-s, --service <name>", "the service, where there are several");
