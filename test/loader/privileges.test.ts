/** Everything works with three capabilities and without root; what does not is said, by name. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNamespace, createVethPair, type TestNamespace } from "../kit/namespaces.ts";
import { fixture } from "./fixtures.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const NOBODY = "65534";

let namespace: TestNamespace;
let folder: string;
beforeAll(async () => {
  namespace = await createNamespace("caps");
  await createVethPair({ namespace, interface: "left0" }, { namespace, interface: "right0" });
  folder = mkdtempSync(join(tmpdir(), "zeta-caps-"));
  chmodSync(folder, 0o755);
  for (const name of ["project", "bpf"]) mkdirSync(join(folder, name));
  mkdirSync(join(folder, "state"), { mode: 0o777 });
  chmodSync(join(folder, "state"), 0o777);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await namespace?.[Symbol.asyncDispose]();
});

/**
 * Runs lines in Node as a user without any right but `capabilities`. In mounts of its own: the project, which may lie in a
 * folder that nobody else may enter, and a BPF file system that everybody may write.
 */
function asNobody(capabilities: readonly string[], body: string): unknown {
  const granted = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
  const node = relative(root, process.execPath);
  const prepare = `
    mount --bind "$1" "$2/project" && mount -t bpf -o mode=1777 bpf "$2/bpf" && cd "$2/project" &&
    exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups --inh-caps=${granted} --ambient-caps=${granted} \\
      --bounding-set=${granted} -- "$3" --input-type=module -e "$4"`;
  const script = `
    import * as zeta from "./runtime/index.ts";
    const object = (name) => Buffer.from({
      pass: "${Buffer.from(fixture("pass")).toString("base64")}",
      shared: "${Buffer.from(fixture("shared")).toString("base64")}",
    }[name], "base64");
    const packet = new Uint8Array(64);
    const failure = (promise) => promise.then(() => null, (error) => error.message);
    const found = await (async () => { ${body} })();
    console.log(JSON.stringify(found));`;
  const arguments_ = ["sh", "-c", prepare, "sh", root, folder, node.startsWith("..") ? process.execPath : node, script];
  const output = execFileSync("nsenter", [`--net=${namespace.path}`, "unshare", "--mount", ...arguments_], {
    encoding: "utf8",
    env: { ...process.env, ZETA_STATE: join(folder, "state") },
  });
  return JSON.parse(output);
}

const NEEDED = ["bpf", "net_admin", "perfmon"];

test("CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are enough to load, run, attach, record and detach", () => {
  const found = asNobody(
    NEEDED,
    `const loaded = await zeta.load(object("pass"));
     const run = zeta.openRun({ service: "mine" });
     const attachment = await zeta.attach(loaded.program("pass"), { interface: "left0" });
     run.record(attachment);
     const during = await zeta.listAttachments();
     const busy = await failure(zeta.attach(loaded.program("pass"), { interface: "left0" }));
     const action = zeta.testRun(loaded.program("pass"), { packet }).action;
     await attachment.detach();
     await run.close();
     return { uid: process.getuid(), missing: zeta.missingCapabilities(), during, busy, action, after: await zeta.listAttachments(), runs: zeta.listRuns() };`,
  );
  expect(found).toMatchObject({
    uid: 65534,
    missing: [],
    action: 2,
    during: [{ interface: "left0", mode: "native", program: null, run: { live: true } }],
    after: [],
    runs: [],
  });
  expect((found as { busy: string }).busy).toMatch(/ZT4003: .*of zeta run/);
});

test("pinning works on a BPF file system that someone prepared, and says what it takes otherwise", () => {
  const found = asNobody(
    NEEDED,
    `const pins = { totals: "${join(folder, "bpf")}/totals" };
     const first = await zeta.load(object("shared"), { pins });
     const { id } = first.map("totals");
     first.close();
     const second = await zeta.load(object("shared"), { pins });
     return {
       shared: second.map("totals").id === id,
       own: await failure(zeta.openRun().pins()),
       elsewhere: await failure(zeta.load(object("shared"), { pins: { totals: "/tmp/totals" } })),
     };`,
  );
  expect(found).toMatchObject({ shared: true });
  expect((found as { own: string }).own).toMatch(/ZT4014.*CAP_SYS_ADMIN/);
  expect((found as { elsewhere: string }).elsewhere).toMatch(/ZT4014/);
});

test.each([
  [[], /ZT4002.*lacks CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON/],
  [["bpf", "perfmon"], /ZT4002.*lacks CAP_NET_ADMIN\./],
  [["net_admin", "perfmon"], /ZT4002.*lacks CAP_BPF\./],
])("with %o the missing capability is named", (capabilities, words) => {
  expect(asNobody(capabilities, `return failure(zeta.load(object("shared")));`)).toMatch(words);
});

test("in a user namespace every capability is there, and none counts: that is told from a kernel that is too old", () => {
  const bytes = Buffer.from(fixture("pass")).toString("base64");
  const script = `
    import { objectOf } from "./runtime/loader/bundle.ts";
    const bundle = { objects: new Map([["v3", Buffer.from("${bytes}", "base64")]]) };
    console.log(await objectOf(bundle).then(() => null, (error) => error.message));`;
  const words = ["--map-root-user", process.execPath, "--input-type=module", "-e", script];
  const said = execFileSync("unshare", words, { cwd: root, encoding: "utf8" });
  expect(said).toMatch(/ZT4002: The kernel does not permit this process to load programs, although.*user namespace/);
});

test("what takes CAP_SYS_ADMIN says so", () => {
  const found = asNobody(
    NEEDED,
    `const loaded = await zeta.load(object("pass"));
     const elsewhere = { interface: "left0", namespace: "/proc/self/ns/net" };
     return [await failure(zeta.openMapById(1)), await failure(zeta.attach(loaded.program("pass"), elsewhere))];`,
  );
  expect(found).toEqual([
    expect.stringMatching(/ZT4002.*open map 1.*lacks CAP_SYS_ADMIN/),
    expect.stringMatching(/ZT4002.*enter network namespace.*lacks CAP_SYS_ADMIN/),
  ]);
});

test("the probes tell what could not be tried from what is missing", () => {
  const features = asNobody([], "return zeta.probeFeatures();") as {
    name: string;
    ok: boolean | null;
    remedy: string | null;
  }[];
  const of = (name: string) => features.find((feature) => feature.name === name);
  expect(of("capability CAP_BPF")).toMatchObject({ ok: false, remedy: expect.stringContaining("root") });
  expect(of("programs and maps")).toMatchObject({ ok: null });
  expect(of("own BPF file system")).toMatchObject({ ok: null });
  const able = asNobody(NEEDED, "return zeta.probeFeatures();") as {
    name: string;
    ok: boolean | null;
    found: string;
  }[];
  expect(able.filter(({ ok }) => ok === false)).toEqual([]);
});
