import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { cleanStale, createLab } from "../../runtime/lab/index.ts";
import { bpffsMounts } from "../../runtime/loader/bpffs.ts";

const program = fileURLToPath(new URL("./fixtures/hold-lab.ts", import.meta.url));

/** An ended process whose new parent has not taken notice yet (state Z) does not count. */
function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** Another process with a lab of one namespace and a sleeping process in it. Ended with the test whatever happens. */
async function labOfAnother() {
  const child = spawn("node", [program], { stdio: ["ignore", "pipe", "inherit"] });
  const [text] = (await once(child.stdout, "data")) as [Buffer];
  const { run, sleeper } = JSON.parse(text.toString()) as { run: string; sleeper: number };
  const left = () => ({
    namespaces: readdirSync("/run/netns").filter((name) => name.startsWith(run)),
    sleeping: isAlive(sleeper),
    mounted: bpffsMounts().filter((path) => path.includes(run)).length,
  });
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    return (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  };
  return { run, left, end, [Symbol.dispose]: () => void child.kill("SIGKILL") };
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s takes the lab down and ends the process as it would have",
  async (signal) => {
    using other = await labOfAnother();
    expect(other.left()).toMatchObject({ namespaces: [expect.stringContaining("held")], sleeping: true, mounted: 1 });
    expect(await other.end(signal)).toEqual([null, signal]);
    await expect.poll(other.left, { timeout: 20_000 }).toEqual({ namespaces: [], sleeping: false, mounted: 0 });
  },
);

test("what a killed process left is found and removed; a living one's lab stays", async () => {
  await using mine = createLab();
  await mine.namespace("mine");
  using other = await labOfAnother();
  await other.end("SIGKILL");
  expect(other.left()).toMatchObject({ namespaces: [expect.stringContaining("held")], sleeping: true, mounted: 1 });

  const removed = cleanStale();

  expect(removed.filter((name) => name.startsWith(other.run))).toHaveLength(2);
  await expect.poll(other.left, { timeout: 20_000 }).toEqual({ namespaces: [], sleeping: false, mounted: 0 });
  expect(readdirSync("/run/netns").filter((name) => name.startsWith(mine.run))).toHaveLength(1);
});
