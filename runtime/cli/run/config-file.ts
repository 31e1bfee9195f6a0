/** The config that a command is given as a file. Apart from what uses it, so that no command loads a whole node to know its options. */
import { readFileSync } from "node:fs";
import type { Config } from "../../config/live.ts";
import { unreadableConfig } from "../../config/problems.ts";
import { failure } from "../../loader/problems.ts";
import type { Session } from "../session.ts";

/** @throws ZetaError ZT6006. */
export function readConfig(session: Session, file: string): Config {
  try {
    const { $schema: _, ...config } = JSON.parse(readFileSync(session.path(file), "utf8")) as Record<string, never>;
    return config;
  } catch (cause) {
    throw failure(unreadableConfig(null, file, cause instanceof Error ? cause.message : String(cause)), cause);
  }
}
