/** The config that a command is given as a file. Apart from what uses it, so that no command loads a whole node to know its options. */
import { readFileSync, statSync } from "node:fs";
import { fileKind } from "../../../compiler/file-kind.ts";
import { readJson } from "../../config/json-text.ts";
import type { Config } from "../../config/live.ts";
import { unreadableConfig } from "../../config/problems.ts";
import { failure } from "../../loader/problems.ts";
import type { Session } from "../session.ts";

/** A hundred thousand prefixes are 5 MiB. What a node is sent has to have room beside its objects (control/protocol.ts). */
const MOST_BYTES = 128 * 1024 * 1024;

const isObject = (value: unknown): value is Readonly<Record<string, never>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** UTF-8, with a byte order mark or without. */
function textOf(path: string): string {
  if (fileKind(path) === "device") throw new Error("it is a device");
  if (statSync(path).size > MOST_BYTES) throw new Error(`it is longer than ${MOST_BYTES} bytes`);
  const bytes = readFileSync(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error("it is not UTF-8", { cause });
  }
}

/** @throws ZetaError ZT6006. */
export function readConfig(session: Session, file: string): Config {
  try {
    const content = readJson(textOf(session.path(file)));
    if (!isObject(content)) throw new Error("it holds no object");
    const { $schema: _, ...config } = content;
    return config;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT")
      throw failure(unreadableConfig(null, file, null), cause);
    const reason = cause instanceof Error ? cause.message.replace(/\.$/, "") : String(cause);
    throw failure(unreadableConfig(null, file, reason), cause);
  }
}
