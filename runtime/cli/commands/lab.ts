/** `zeta lab …`: a cluster on one machine. */
import type { Command } from "commander";
import { type CommandContext, defineGroup } from "../command.ts";
import { failCommand, healCommand } from "../lab/faults.ts";
import { captureCommand, execCommand } from "../lab/inside.ts";
import { rotateCommand } from "../lab/rotate.ts";
import { statusCommand, viewCommand } from "../lab/status.ts";
import { downCommand, upCommand } from "../lab/up.ts";

export const labCommand = (context: CommandContext): Command =>
  defineGroup(
    {
      name: "lab",
      summary: "build a cluster on this machine, use it, break it, take it away",
      examples: ["zeta lab up lab.config.ts", "zeta lab exec client1 -- curl http://10.1.0.1/", "zeta lab down"],
    },
    [
      upCommand,
      statusCommand,
      execCommand,
      captureCommand,
      failCommand,
      healCommand,
      viewCommand,
      rotateCommand,
      downCommand,
    ].map((make) => make(context)),
  );
