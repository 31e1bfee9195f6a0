import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import {
  attach,
  bpffsFolder,
  bpffsMounts,
  cleanRun,
  type LoadedObject,
  listAttachments,
  listRuns,
  load,
  openRun,
  runsFolder,
  strayRuns,
} from "../../runtime/index.ts";
import { createNamespace, createVethPair, type TestNamespace } from "../kit/namespaces.ts";
import { fixture } from "./fixtures.ts";

let namespace: TestNamespace;
let object: LoadedObject;
let state: string;

beforeAll(async () => {
  namespace = await createNamespace("runs");
  await createVethPair({ namespace, interface: "left0" }, { namespace, interface: "right0" });
  object = await load(fixture("pass"));
});
afterAll(async () => {
  object?.close();
  await namespace?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "zeta-state-"));
  onTestFinished(() => {
    expect(bpffsMounts().filter((path) => path.startsWith(state))).toEqual([]);
    rmSync(state, { recursive: true });
  });
});

const attached = () => listAttachments({ namespace: namespace.path, state });

/** A process that attaches with a pin, says so, and waits to be killed. */
async function victim(pin: boolean): Promise<{ readonly child: ChildProcess; readonly id: string }> {
  const child = spawn(process.execPath, ["--input-type=module", "-"], {
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  child.stdin.end(`
    import { attach, load, openRun } from "./runtime/index.ts";
    const object = await load(Buffer.from("${Buffer.from(fixture("pass")).toString("base64")}", "base64"));
    const run = openRun({ state: "${state}", service: "victim" });
    const pin = ${pin} ? { pin: (await run.pins()) + "/left0" } : {};
    run.record(await attach(object.program("pass"), { interface: "left0", namespace: "${namespace.path}", ...pin }));
    console.log(run.id);
    setInterval(() => {}, 1e6);
  `);
  const id = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (text: Buffer) => resolve(text.toString().trim()));
    child.once("exit", (code) => reject(new Error(`ended with ${code}`)));
  });
  return { child, id };
}

const killed = (child: ChildProcess) =>
  new Promise((resolve) => {
    child.once("exit", resolve);
    child.kill("SIGKILL");
  });

test("a run is found by others while it lives, and gone when it ends well", async () => {
  const run = openRun({ state, service: "web", command: ["zeta", "run"] });
  const attachment = await attach(object.program("pass"), { interface: "left0", namespace: namespace.path });
  run.record(attachment);
  expect(listRuns(state)).toMatchObject([
    {
      id: run.id,
      pid: process.pid,
      live: true,
      service: "web",
      pins: [],
      attachments: [{ interface: "left0", program: "pass" }],
    },
  ]);
  expect(await attached()).toMatchObject([{ run: { id: run.id, live: true } }]);
  const busy = attach(object.program("pass"), { interface: "left0", namespace: namespace.path, state });
  await expect(busy).rejects.toThrow(`of zeta run ${run.id} (process ${process.pid})`);
  await expect(cleanRun(run.id, { state })).rejects.toMatchObject({ code: "ZT4018" });
  await attachment.detach();
  run.forget(attachment);
  expect(listRuns(state)[0]?.attachments).toEqual([]);
  await run.close();
  expect(listRuns(state)).toEqual([]);
  expect(existsSync(join(runsFolder(state), run.id))).toBe(false);
});

test("what a killed run pinned is found and removed", async () => {
  const { child, id } = await victim(true);
  expect(listRuns(state)).toMatchObject([{ id, live: true, service: "victim" }]);
  await killed(child);
  const pin = join(bpffsFolder(state), id, "left0");
  expect(listRuns(state)).toMatchObject([{ id, live: false, pins: [pin] }]);
  expect(await attached()).toMatchObject([{ interface: "left0", run: { id, live: false } }]);
  expect(await cleanRun(id, { state })).toEqual({ removed: [pin] });
  expect(await attached()).toEqual([]);
  expect(listRuns(state)).toEqual([]);
});

test("a killed run that pinned nothing leaves only its record", async () => {
  const { child, id } = await victim(false);
  expect(await attached()).toMatchObject([{ run: { id } }]);
  await killed(child);
  await expect.poll(attached).toEqual([]);
  expect(listRuns(state)).toMatchObject([{ id, live: false, pins: [] }]);
  expect(await cleanRun(id, { state })).toEqual({ removed: [] });
});

test("a live run is detached by force", async () => {
  const { child, id } = await victim(false);
  const { removed } = await cleanRun(id, { state, force: true });
  expect(removed).toHaveLength(1);
  expect(await attached()).toEqual([]);
  await killed(child);
});

test("a process with the same number is not the run", () => {
  const run = openRun({ state });
  const file = join(runsFolder(state), run.id, "run.json");
  const record = JSON.parse(readFileSync(file, "utf8")) as { startTime: number };
  writeFileSync(file, JSON.stringify({ ...record, startTime: record.startTime + 1 }));
  expect(listRuns(state)).toMatchObject([{ live: false }]);
  writeFileSync(file, JSON.stringify({ ...record, boot: "another" }));
  expect(listRuns(state)).toMatchObject([{ live: false }]);
});

test("a damaged record does not hide the others, and can be cleaned", async () => {
  const [bad, good] = [openRun({ state }), openRun({ state })];
  writeFileSync(join(runsFolder(state), bad.id, "run.json"), "{");
  expect(listRuns(state).map(({ id }) => id)).toEqual([good.id]);
  expect(strayRuns(state)).toEqual([bad.id]);
  await cleanRun(bad.id, { state });
  expect(strayRuns(state)).toEqual([]);
  await good.close();
  await expect(cleanRun(bad.id, { state })).rejects.toMatchObject({ code: "ZT4015" });
});

test("a folder without a record is a run that begins, or what one that was killed has left", async () => {
  const folder = join(runsFolder(state), "0badcafe");
  mkdirSync(folder, { recursive: true });
  expect(strayRuns(state)).toEqual([]);
  const before = new Date(Date.now() - 120_000);
  utimesSync(folder, before, before);
  expect(strayRuns(state)).toEqual(["0badcafe"]);
  await cleanRun("0badcafe", { state });
  expect(strayRuns(state)).toEqual([]);
});

test("what iproute2 leaves in a BPF file system is no run, and no reason to keep it", async () => {
  const { child, id } = await victim(true);
  await killed(child);
  const folder = bpffsFolder(state);
  mkdirSync(join(folder, "xdp/globals"), { recursive: true });
  symlinkSync("xdp", join(folder, "ip"));
  expect(strayRuns(state)).toEqual([]);
  await cleanRun(id, { state });
  expect(bpffsMounts()).not.toContain(folder);
});

test("pins that no record explains are strays, and can be cleaned", async () => {
  const run = openRun({ state });
  const pin = join(await run.pins(), "left0");
  const attachment = await attach(object.program("pass"), { interface: "left0", namespace: namespace.path, pin });
  rmSync(join(runsFolder(state), run.id), { recursive: true });
  attachment.close();
  expect(strayRuns(state)).toEqual([run.id]);
  expect(await cleanRun(run.id, { state })).toEqual({ removed: [pin] });
  expect(await attached()).toEqual([]);
  expect(strayRuns(state)).toEqual([]);
});

test("a record that finds no room leaves nothing, and one that stands stays whole", async () => {
  mkdirSync(state, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=8k", "tmpfs", state]);
  onTestFinished(() => void execFileSync("umount", [state]));
  const run = openRun({ state });
  const record = join(runsFolder(state), run.id, "run.json");
  const before = readFileSync(record, "utf8");
  writeFileSync(join(state, "full"), Buffer.alloc(4096));
  expect(() => openRun({ state })).toThrow("ZT4022");
  expect(readdirSync(runsFolder(state))).toEqual([run.id]);
  const attachment = await attach(object.program("pass"), { interface: "left0", namespace: namespace.path, state });
  expect(() => run.record(attachment)).toThrow("ZT4022");
  await attachment.detach();
  expect(readdirSync(join(runsFolder(state), run.id))).toEqual(["run.json"]);
  expect(readFileSync(record, "utf8")).toBe(before);
  await run.close();
});

test("what is left of a run whose pins somebody unmounted is cleaned, with the folder that they stood in", async () => {
  const run = openRun({ state });
  await run.pins();
  execFileSync("umount", [bpffsFolder(state)]);
  await cleanRun(run.id, { state, force: true });
  expect(existsSync(bpffsFolder(state))).toBe(false);
});
