/** Brings what `zeta run` was given onto its interfaces: a service with its config, or a plain program. */
import { throwIfAborted } from "../../attach/abort.ts";
import { type Attachment, attach } from "../../attach/attach.ts";
import { openRun } from "../../attach/runs.ts";
import { notAService } from "../../config/problems.ts";
import { type LoadedObject, load } from "../../loader/load.ts";
import { failure } from "../../loader/problems.ts";
import { type Service, startService } from "../../service/service.ts";
import type { Session } from "../session.ts";
import { readConfig } from "./config-file.ts";
import { type RunInput, rootProgram } from "./input.ts";

export interface StartOptions {
  readonly interface: readonly string[];
  readonly mode: "native" | "generic";
  readonly program?: string;
  readonly config?: string;
}

export interface Started {
  readonly run: string;
  readonly object: LoadedObject;
  readonly attachments: readonly Attachment[];
  /** Null for a plain program. */
  readonly service: Pick<Service, "counters" | "drops"> | null;
  /** Safe to call twice. */
  detach(): Promise<void>;
}

async function startProgram(
  { what, manifest, load: options }: RunInput,
  given: StartOptions,
  signal: AbortSignal,
): Promise<Started> {
  if (given.config !== undefined) throw failure(notAService(null, manifest.name));
  const root = rootProgram(manifest, given.program);
  await throwIfAborted(signal);
  const object = await load(what, options);
  const run = openRun({ service: manifest.name });
  const attachments: Attachment[] = [];
  let open = true;
  const detach = async (): Promise<void> => {
    if (!open) return;
    open = false;
    try {
      for (const attachment of attachments) await attachment.detach();
    } finally {
      object.close();
      await run.close();
    }
  };
  try {
    for (const name of given.interface) {
      await throwIfAborted(signal);
      const attachment = await attach(object.program(root), { interface: name, mode: given.mode });
      attachments.push(attachment);
      run.record(attachment);
    }
    await throwIfAborted(signal);
    return { run: run.id, object, attachments, service: null, detach };
  } catch (error) {
    await detach();
    throw error;
  }
}

/** All of it, or nothing is left behind. @throws also the reason of `signal`, when it is aborted before all is attached. */
export async function start(
  session: Session,
  input: RunInput,
  given: StartOptions,
  signal: AbortSignal,
): Promise<Started> {
  const { what, manifest, load: options } = input;
  if (manifest.service === null || given.program !== undefined) return startProgram(input, given, signal);
  const service = await startService(what, {
    interfaces: given.interface,
    mode: given.mode,
    load: options,
    signal,
    ...(given.config === undefined ? {} : { config: readConfig(session, given.config) }),
  });
  const { run, object, attachments, detach } = service;
  return { run, object, attachments, service, detach };
}
