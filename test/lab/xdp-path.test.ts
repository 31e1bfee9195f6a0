import { afterAll, beforeAll, expect, test } from "vitest";
import { compile } from "../../compiler/index.ts";
import { attach, load, typedMap } from "../../runtime/index.ts";
import { type Built, buildLab, fetchMany } from "../../runtime/lab/index.ts";
import { buildNetwork, type DemoNetwork } from "../../scripts/demo/network.ts";
import { u32, u64 } from "../../sdk/index.ts";

let network: Built<DemoNetwork>;
beforeAll(async () => {
  network = await buildLab(buildNetwork);
});
afterAll(() => network?.[Symbol.asyncDispose]());

test("real connections cross the gateway in native XDP alone, both ways", async () => {
  const { client, gateway, backends, front } = network;
  await gateway.run("sysctl", ["-qw", "net.ipv4.ip_forward=0"]);
  const [first] = backends;
  const url = `http://${first?.address}/`;
  const before = await fetchMany(client, url, { count: 2, timeout: 1 });
  expect(before.succeeded, "without forwarding and without a program nothing may cross").toBe(0);

  const compiled = await compile(new URL("./router.ts", import.meta.url).pathname);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  using router = await load(compiled.code.object);
  await using attached = new AsyncDisposableStack();
  for (const end of [front, ...backends.map((one) => one.link)])
    attached.use(await attach(router.program("router"), { interface: end.interface, namespace: gateway.path }));
  // The look-up says "forwarding disabled" otherwise; the program stands before the kernel's own forwarding.
  await gateway.run("sysctl", ["-qw", "net.ipv4.ip_forward=1"]);

  const { succeeded, failures } = await fetchMany(client, url, { count: 200 });
  expect(failures).toEqual(new Map());
  expect(succeeded).toBe(200);

  const forwarded = router.map("forwarded");
  const described = compiled.manifest.maps.find((map) => map.name === "forwarded");
  if (described?.kind !== "array") return expect.unreachable("the manifest does not describe the map");
  // A connection takes at least four packets one way and three the other.
  expect(typedMap(forwarded, { ...described, kind: "array" }, { key: u32, value: u64 }).get(0)).toBeGreaterThan(
    200n * 7n,
  );
});
