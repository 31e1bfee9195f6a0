/** `zeta run`, `ps` and `detach` on a real interface, in namespaces of their own. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Built, buildLab, type Namespace } from "../../runtime/lab/index.ts";
import { type Finished, MAIN, type Running, start, temporaryFolder, zeta } from "./command.ts";
import { BROKEN, COUNTER, DECIDERS, TELLTALE } from "./sources.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Compiled once: most of these tests are about what happens afterwards. */
let bundle: string;
let built: string;
let lab: Built<{ readonly gateway: Namespace; readonly client: Namespace }>;
beforeAll(async () => {
  built = mkdtempSync(join(tmpdir(), "zeta-run-"));
  writeFileSync(join(built, "counter.ts"), COUNTER);
  bundle = join(built, "counter");
  expect(zeta(["build", "counter.ts", "--out", bundle], { cwd: built }).stderr).toContain("built");
  lab = await buildLab(async (in_) => {
    const gateway = await in_.namespace("gateway");
    const client = await in_.namespace("client");
    await in_.connect(
      { namespace: gateway, interface: "inside", addresses: ["10.9.0.1/24"] },
      { namespace: client, interface: "outside", addresses: ["10.9.0.2/24"], passXdp: true },
    );
    return { gateway, client };
  });
});
afterAll(async () => {
  rmSync(built, { recursive: true, force: true });
  await lab.lab.dispose();
});

let cwd: string;
let env: Readonly<Record<string, string>>;
beforeEach(() => {
  cwd = temporaryFolder();
  env = { ZETA_STATE: join(cwd, "state") };
  writeFileSync(join(cwd, "counter.ts"), COUNTER);
});

const there = () => ({ cwd, env, namespace: lab.gateway.path });
const run = (...words: string[]): Running => start(["run", bundle, "--interface", "inside", ...words], there());
const command = (...words: string[]): Finished => zeta(words, there());

/** Has the command say when it has begun to catch signals. */
const probe = () => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
    'process.on("newListener",(name)=>{if(name==="SIGTERM")process.stderr.write("zeta-test: caught\\n")})',
  )}`,
});

async function hasProgram(): Promise<boolean> {
  const { stdout } = await lab.gateway.run("ip", ["-details", "link", "show", "dev", "inside"]);
  return /prog\/xdp/.test(stdout);
}

describe("a run", () => {
  test("counts real packets, and leaves nothing after Ctrl-C", async () => {
    const running = run("--interval", "0.1");
    await running.says("attached counter to inside (native); Ctrl-C detaches.");
    expect(await hasProgram()).toBe(true);
    await lab.client.run("ping", ["-c", "3", "-i", "0.05", "10.9.0.1"]);
    await running.says(/frames\[1\]=[3-9]/);
    running.signal("SIGINT");
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/detached from inside\n$/);
    expect(await hasProgram()).toBe(false);
    expect(JSON.parse(command("ps", "--json").stdout)).toMatchObject({ runs: [], stray: [] });
  });

  test("ends by itself after its time, with JSON lines for programs", async () => {
    const { code, stdout, stderr } = await run("--for", "0.3", "--interval", "0.1", "--json").ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ type: "attached", service: "counter", interface: "inside", mode: "native" });
    expect(lines.filter(({ type }) => type === "counters").length).toBeGreaterThanOrEqual(2);
    expect(lines.at(-1)).toMatchObject({ type: "detached" });
  });

  test.each([
    ["a source file", () => ["run", "counter.ts"], "SIGINT", 130],
    ["a bundle", () => ["run", bundle], "SIGTERM", 143],
    ["a node", () => ["node", "start"], "SIGINT", 130],
  ] as const)("of %s that a signal ends before it is attached attaches nothing", async (_, words, signal, code) => {
    // Deep in its work, however fast the machine is: the interface's program would be told of in the output.
    const running = start([...words(), "--interface", "inside", "--json"], { ...there(), env: { ...env, ...probe() } });
    await running.says("zeta-test: caught");
    running.signal(signal);
    expect(await running.ended).toMatchObject({ code, stdout: "" });
    expect(await hasProgram()).toBe(false);
    expect(JSON.parse(command("ps", "--json").stdout)).toMatchObject({ runs: [], stray: [] });
  });

  test("takes a source file as well, and SIGTERM", async () => {
    const running = start(["run", "counter.ts", "--interface", "inside"], there());
    await running.says("attached counter");
    running.signal("SIGTERM");
    expect((await running.ended).code).toBe(143);
    expect(await hasProgram()).toBe(false);
  });

  test("detaches and forgets its record when nobody reads its output any more", async () => {
    const running = run("--interval", "0.05", "--json");
    await running.says('"attached"');
    running.cut();
    expect((await running.ended).code).toBe(143);
    expect(await hasProgram()).toBe(false);
    expect(JSON.parse(command("ps", "--json").stdout)).toMatchObject({ runs: [], stray: [] });
  });

  test("detaches and says why when its output finds no room", async () => {
    // As any file on a full disk: the kernel's own stand-in for one.
    const words = [MAIN, "run", bundle, "--interface", "inside", "--interval", "0.05", "--json"];
    const shell = ["sh", "-c", 'exec "$@" > /dev/full', "sh", process.execPath, ...words];
    const options = { cwd, env: { ...process.env, ...env }, encoding: "utf8" } as const;
    const { status, stderr } = spawnSync("nsenter", [`--net=${lab.gateway.path}`, "--", ...shell], options);
    expect({ status, stderr }).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("error ZT5033: The output cannot"),
    });
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(await hasProgram()).toBe(false);
    expect(JSON.parse(command("ps", "--json").stdout)).toMatchObject({ runs: [], stray: [] });
  });

  test("shows addresses in events as addresses", async () => {
    writeFileSync(join(cwd, "telltale.ts"), TELLTALE);
    const running = start(["run", "telltale.ts", "--interface", "inside", "--json"], there());
    await running.says('"attached"');
    await lab.client.run("ping", ["-c", "1", "10.9.0.1"]);
    await running.says('"event"');
    running.signal("SIGINT");
    const { stdout } = await running.ended;
    const event = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .find(({ type }) => type === "event");
    const { stdout: link } = await lab.client.run("ip", ["-json", "link", "show", "dev", "outside"]);
    const from = JSON.parse(link)[0].address;
    expect(event).toMatchObject({
      name: "telltale.seen",
      value: { source: "10.9.0.2", first: "10.9.0.1", from, length: 84, big: 1 },
    });
  });

  test("that loses an interface says so and goes on with the others; with the last it ends", async () => {
    const pair = (name: string) =>
      lab.gateway.run("ip", ["link", "add", name, "type", "veth", "peer", "name", `${name}-peer`]);
    const remove = (name: string) => lab.gateway.run("ip", ["link", "del", name]);
    await pair("spare");
    await pair("extra");
    const running = start(["run", bundle, "--interface", "spare", "--interface", "extra"], there());
    await running.says("attached counter to spare, extra (native)");
    await remove("spare");
    await running.says("warning ZT4023: Interface 'spare' is gone, and the program with it.\n");
    const left = JSON.parse(command("ps", "--all", "--json").stdout).attachments;
    expect(left.map((each: { interface: string }) => each.interface)).toEqual(["extra"]);
    await remove("extra");
    const { code, stderr } = await running.ended;
    expect(code).toBe(4);
    expect(stderr).toContain("error ZT4023: Interface 'extra' is gone, and the program with it.");
    expect(JSON.parse(command("ps", "--json").stdout)).toMatchObject({ runs: [], stray: [] });
  });

  test("of what decides warns of a kernel that forwards nothing, once, and not of one that does", async () => {
    writeFileSync(join(cwd, "deciders.ts"), DECIDERS);
    writeFileSync(join(cwd, "config.json"), JSON.stringify({ service: { listen: ["10.1.0.1:80/tcp"] } }));
    const decides = () =>
      start(["run", "deciders.ts", "--config", "config.json", "--interface", "inside", "--for", "0.2"], there()).ended;
    const warning = "warning ZT4024: The kernel forwards nothing that comes by interface 'inside'";
    const router = await decides();
    expect(router.code).toBe(0);
    expect(router.stderr.split(warning)).toHaveLength(2);
    expect(router.stderr).toContain("fix: sysctl -w net.ipv4.ip_forward=1");
    await lab.gateway.run("sysctl", ["-qw", "net.ipv4.ip_forward=1"]);
    try {
      const { code, stderr } = await decides();
      expect({ code, warned: stderr.includes("ZT4024") }).toEqual({ code: 0, warned: false });
    } finally {
      await lab.gateway.run("sysctl", ["-qw", "net.ipv4.ip_forward=0"]);
    }
  });

  test("on a busy interface is refused, naming the holder", async () => {
    const first = run();
    await first.says("attached");
    const { code, stderr } = command("run", bundle, "--interface", "inside");
    expect(code).toBe(4);
    expect(stderr).toMatch(
      /error ZT4003: Interface 'inside' already carries an XDP program: .*of zeta run [0-9a-f]{8}/,
    );
    first.signal("SIGINT");
    await first.ended;
    expect(JSON.parse(command("ps", "--json").stdout).runs).toEqual([]);
  });

  test.each([
    [
      "an unknown interface",
      ["run", "counter.ts", "--interface", "nowhere"],
      2,
      "error ZT4004: There is no interface 'nowhere'",
    ],
    ["mistakes in the source", ["run", "broken.ts", "--interface", "inside"], 1, "broken.ts:4:7"],
    ["a folder that is no bundle", ["run", ".", "--interface", "inside"], 1, "error ZT4010"],
    [
      "a program that is not there",
      ["run", "counter.ts", "--interface", "inside", "--program", "x"],
      1,
      "Say --program with one of: counter.",
    ],
  ])("with %s leaves nothing", async (_, words, code, message) => {
    writeFileSync(join(cwd, "broken.ts"), BROKEN);
    const ended = command(...words);
    expect(ended.stderr).toContain(message);
    expect(ended.code).toBe(code);
    expect(await hasProgram()).toBe(false);
    expect(JSON.parse(command("ps", "--json").stdout)).toMatchObject({ runs: [], stray: [] });
  });

  test("with a state folder that cannot be written says so, and leaves nothing attached", async () => {
    writeFileSync(join(cwd, "file"), "");
    const { env: usual, ...rest } = there();
    const { code, stderr } = zeta(["run", "counter.ts", "--interface", "inside"], {
      ...rest,
      env: { ...usual, ZETA_STATE: join(cwd, "file/state") },
    });
    expect(stderr).toMatch(/^error ZT4022: The state folder '.*file\/state\/runs' cannot be written: ENOTDIR/);
    expect(code).toBe(3);
    expect(await hasProgram()).toBe(false);
  });

  test("without privileges says which are missing", () => {
    const { code, stderr } = zeta(["run", "counter.ts", "--interface", "inside"], { ...there(), unprivileged: true });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error ZT4002: .*CAP_BPF/);
  });
});

describe("the config of a service", () => {
  const acl = ["run", join(root, "examples/acl/service.ts"), "--interface", "inside"];
  const config = (content: string): string => {
    writeFileSync(join(cwd, "config.json"), content);
    return "config.json";
  };

  test("is in place before the first packet", async () => {
    const rules = { "10.9.0.2/32": { from: 0, to: 0 } };
    const file = config(JSON.stringify({ acl: { rules, perSecond: 1000, burst: 1000 } }));
    const running = start([...acl, "--interval", "0.1", "--config", file], there());
    await running.says("attached acl to inside (native)");
    await lab.client.run("ping", ["-c", "3", "-i", "0.05", "10.9.0.1"]);
    await running.says(/acl\.allowed=[3-9]/);
    running.signal("SIGINT");
    expect((await running.ended).code).toBe(130);
  });

  test.each([
    ["that is missing", [], "ZT6003"],
    ["that lacks a field", ["--config", "{}"], "ZT6003"],
    ["that is no JSON", ["--config", "{"], "ZT6006"],
  ])("%s is refused, and nothing is attached", async (_, [option, content], code) => {
    const words = option === undefined ? [] : [option, config(content ?? "")];
    const { code: exit, stderr } = zeta([...acl, ...words], there());
    expect(exit).toBe(1);
    expect(stderr).toContain(code);
    expect(await hasProgram()).toBe(false);
  });
});

describe("a killed run", () => {
  test("is found by ps and cleaned by detach", async () => {
    const running = run();
    await running.says("attached");
    const live = JSON.parse(command("ps", "--json").stdout).runs;
    expect(live).toMatchObject([
      { service: "counter", live: true, pid: running.pid, attachments: [{ interface: "inside" }] },
    ]);
    expect(command("ps").stdout).toMatch(/^[0-9a-f]{8} {2}live {2}/m);
    expect(command("ps", "--all").stdout).toMatch(/^inside +native +counter \(id \d+\) +[0-9a-f]{8}$/m);

    running.signal("SIGKILL");
    await running.ended;
    expect(command("ps").stdout).toContain("left behind");
    const { code, stderr } = command("detach", live[0].id.slice(0, 4));
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(`cleaned ${live[0].id}`) });
    expect(command("ps").stderr).toBe("Nothing is running, and nothing was left behind.\n");
    expect(await hasProgram()).toBe(false);
  });

  test("is found by its interface, and with all others", async () => {
    for (const how of [["--interface", "inside"], ["--all"]]) {
      const running = run();
      await running.says("attached");
      running.signal("SIGKILL");
      await running.ended;
      expect(JSON.parse(command("detach", ...how, "--json").stdout)).toMatchObject({ ok: true, cleaned: [{}] });
    }
    expect(JSON.parse(command("detach", "--all", "--json").stdout)).toMatchObject({ ok: true, cleaned: [] });
  });
});

test("a live run is detached from outside only by force", async () => {
  const running = run();
  await running.says("attached");
  const refused = command("detach", "--all");
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("error ZT4018");
  expect(await hasProgram()).toBe(true);
  expect(command("detach", "--all", "--force").code).toBe(0);
  expect(await hasProgram()).toBe(false);
  // The process notices, and ends with nothing left to do.
  const { code, stderr } = await running.ended;
  expect(code).toBe(4);
  expect(stderr).toContain("error ZT4023: Somebody took the program off interface 'inside'.");
});

test("damaged records hide nothing: ps and detach go on with the others, and take them away", async () => {
  const running = run();
  await running.says("attached");
  const runs = join(env.ZETA_STATE ?? "", "runs");
  const [id = ""] = readdirSync(runs);
  const whole = JSON.parse(command("ps", "--json").stdout).runs[0];
  const damages: readonly unknown[] = [
    null,
    7,
    [],
    ...Object.keys(whole).flatMap((key) => [undefined, 7, {}, [null]].map((value) => ({ ...whole, [key]: value }))),
    ...Object.keys(whole.attachments[0]).flatMap((key) =>
      [undefined, {}].map((value) => ({ ...whole, attachments: [{ ...whole.attachments[0], [key]: value }] })),
    ),
  ];
  for (const [index, record] of damages.entries()) {
    const name = (0xaaaa_0000 + index).toString(16);
    mkdirSync(join(runs, name));
    const named = typeof record === "object" && record !== null && "id" in record && record.id === id;
    writeFileSync(join(runs, name, "run.json"), JSON.stringify(named ? { ...record, id: name } : record));
  }
  mkdirSync(join(runs, "bbbb0000"));
  writeFileSync(join(runs, "bbbb0000", "run.json"), '{ "format": 1, "id": "bb');
  for (const words of [["ps"], ["ps", "--all"], ["ps", "--json"]]) {
    const { code, stdout, stderr } = command(...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(id);
  }
  expect(JSON.parse(command("ps", "--json").stdout)).toMatchObject({
    runs: expect.arrayContaining([expect.objectContaining({ id, live: true })]),
    stray: expect.arrayContaining(["aaaa0000", "bbbb0000"]),
  });
  expect(command("detach", "bbbb0000").stderr).toContain("cleaned bbbb0000: only its record was left");
  expect(readdirSync(runs)).not.toContain("bbbb0000");
  running.signal("SIGINT");
  expect((await running.ended).code).toBe(130);
  expect(command("detach", "--all").code).toBe(0);
  expect(readdirSync(runs)).toEqual([]);
  expect(command("ps").stderr).toContain("Nothing is running, and nothing was left behind.");
});

test("an unknown run is told apart from nothing at all", () => {
  const { code, stderr } = command("detach", "abcd");
  expect(code).toBe(2);
  expect(stderr).toContain(
    "error ZT5031: There is no run 'abcd'.\nfix: Nothing is running, and nothing was left behind.",
  );
});

describe("build", () => {
  test("asks the kernel and reports the verifier's states", () => {
    const { code, stdout } = zeta(["build", "counter.ts", "--verify", "--json"], { cwd });
    expect(code).toBe(0);
    const [program] = JSON.parse(stdout).programs;
    expect(program.verifier.instructions).toBeGreaterThanOrEqual(program.instructions);
  });

  test("without privileges is content, unless --verify was said", () => {
    const setting = { cwd, env, unprivileged: true };
    expect(zeta(["build", "counter.ts", "--out", "out"], setting)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("The kernel was not asked: "),
    });
    const { code, stderr } = zeta(["build", "counter.ts", "--out", "out", "--verify"], setting);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error ZT4002: /);
  });
});

describe("doctor", () => {
  test("tells every fact with its remedy, as JSON", () => {
    const { code, stdout } = zeta(["doctor", "--json"]);
    const { ok, facts } = JSON.parse(stdout);
    expect({ ok, code }).toEqual({ ok: true, code: 0 });
    for (const id of [
      "node",
      "typescript",
      "llvm",
      "llvm-bindings",
      "koffi",
      "ethtool",
      "native-xdp-on-veth",
      "helper-bpf_loop",
    ]) {
      expect(facts.map((fact: { id: string }) => fact.id)).toContain(id);
    }
    const unmended = facts.filter(
      (fact: { state: string; remedy: string | null }) => fact.state === "missing" && !fact.remedy,
    );
    expect(unmended).toEqual([]);
  });

  test("exits with 3 where something required is missing, and says what to do", () => {
    const { code, stdout } = zeta(["doctor"], { unprivileged: true });
    expect(code).toBe(3);
    expect(stdout).toMatch(/^ {2}✗ {2}Capability CAP_BPF +missing$/m);
    expect(stdout).toMatch(/^fix Capability CAP_BPF: ./m);
    const withoutLlvm = zeta(["doctor", "--json"], { env: { PATH: "/nowhere", ZETA_LIBBPF: "libnothing.so" } });
    const missing = JSON.parse(withoutLlvm.stdout).facts.filter((fact: { state: string }) => fact.state === "missing");
    expect(withoutLlvm.code).toBe(3);
    expect(missing.map((fact: { title: string }) => fact.title)).toContain("Libbpf 1.1 or later");
  });
});
