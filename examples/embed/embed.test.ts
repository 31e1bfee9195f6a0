/** The embedding program on a real interface, in namespaces of its own; its service on every target. */
import { expect, test } from "vitest";
import { createLab, missingCapabilities } from "zeta/runtime";
import { tcp } from "zeta/testing";
import { onEveryTarget } from "zeta/testing/vitest";
import { countDuring } from "./embed.ts";

onEveryTarget(new URL("./service.ts", import.meta.url), (target) => {
  test("counts packets and their bytes, and lets them pass", async () => {
    const syn = tcp("10.0.0.7:40000", "10.1.0.1:80").syn();
    for (const outcome of await target.run(syn, syn)) expect(outcome).toHaveVerdict("pass");
    const bytes = BigInt(2 * syn.bytes.length);
    expect(target.counters()).toEqual({ "watch.seen.packets": 2n, "watch.seen.bytes": bytes });
  });
});

test("counts real packets, and leaves nothing attached", async (context) => {
  const lacking = missingCapabilities();
  if (process.getuid?.() !== 0 || lacking.length > 0)
    return context.skip("making network namespaces and loading programs needs root");
  await using lab = createLab();
  const gateway = await lab.namespace("gateway");
  const client = await lab.namespace("client");
  await lab.connect(
    { namespace: gateway, interface: "inside", addresses: ["10.9.0.1/24"] },
    { namespace: client, interface: "outside", addresses: ["10.9.0.2/24"], passXdp: true },
  );
  const on = { interface: "inside", namespace: gateway.path };
  const counted = await countDuring(on, () => client.run("ping", ["-c", "3", "-i", "0.05", "10.9.0.1"]));
  expect(counted["watch.seen.packets"]).toBeGreaterThanOrEqual(3n);
  const { stdout } = await gateway.run("ip", ["-details", "link", "show", "dev", "inside"]);
  expect(stdout).not.toMatch(/prog\/xdp/);

  await expect(countDuring(on, () => Promise.reject(new Error("the work failed")))).rejects.toThrow("the work failed");
  const after = await gateway.run("ip", ["-details", "link", "show", "dev", "inside"]);
  expect(after.stdout).not.toMatch(/prog\/xdp/);
});
