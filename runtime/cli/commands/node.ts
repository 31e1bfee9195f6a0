/** `zeta node …`: a node with many services, and what changes it while it runs. */
import type { Command } from "commander";
import { type CommandContext, defineGroup } from "../command.ts";
import { networksCommand } from "../node/networks.ts";
import { addCommand, removeCommand, upgradeCommand } from "../node/services.ts";
import { startCommand } from "../node/start.ts";
import { statusCommand, stopCommand } from "../node/status.ts";

export const nodeCommand = (context: CommandContext): Command =>
  defineGroup(
    {
      name: "node",
      summary: "run a node with many services, and change them while it runs",
      examples: [
        "zeta node start --interface eth1 --interface eth2",
        "zeta node add service.ts --config config.json",
        "zeta node upgrade balancer service.ts",
      ],
    },
    [startCommand, statusCommand, networksCommand, addCommand, upgradeCommand, removeCommand, stopCommand].map((make) =>
      make(context),
    ),
  );
