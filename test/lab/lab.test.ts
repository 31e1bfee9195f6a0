import { existsSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { buildLab, createLab, type Lab, type Namespace } from "../../runtime/lab/index.ts";

const namespacesOf = (lab: Lab) =>
  existsSync("/run/netns") ? readdirSync("/run/netns").filter((name) => name.startsWith(lab.run)) : [];

async function twoHosts(lab: Lab): Promise<{ left: Namespace; right: Namespace }> {
  const left = await lab.namespace("left");
  const right = await lab.namespace("right");
  return { left, right };
}

test("two namespaces on a cable reach each other, both families", async () => {
  await using lab = createLab();
  const { left, right } = await twoHosts(lab);
  await lab.connect(
    { namespace: left, interface: "east", addresses: ["10.200.0.1/24", "fd00:200::1/64"] },
    { namespace: right, interface: "west", addresses: ["10.200.0.2/24", "fd00:200::2/64"] },
  );
  for (const address of ["10.200.0.2", "fd00:200::2"]) {
    const { stdout } = await left.run("ping", ["-c", "3", "-i", "0.3", "-W", "5", address]);
    // The first may be lost while its neighbour is sought.
    expect(stdout).toMatch(/ [1-3] received/);
  }
});

test("a cable has the MTU, the MAC addresses and the neighbours it was given", async () => {
  await using lab = createLab();
  const { left, right } = await twoHosts(lab);
  const link = await lab.connect(
    { namespace: left, interface: "east", addresses: ["10.200.0.1/24"], mac: "02:aa:00:00:00:01" },
    { namespace: right, interface: "west", addresses: ["10.200.0.2/24"] },
    { mtu: 1700, staticNeighbours: true },
  );
  const [shown] = JSON.parse((await left.run("ip", ["-json", "link", "show", "east"])).stdout);
  expect(shown).toMatchObject({ mtu: 1700, address: "02:aa:00:00:00:01" });
  const [neighbour] = JSON.parse((await left.run("ip", ["-json", "neighbour", "show"])).stdout);
  expect(neighbour).toMatchObject({ dst: "10.200.0.2", lladdr: link.ends[1].mac, state: ["PERMANENT"] });
});

test("offloads that a rewriting program cannot live with are off", async () => {
  await using lab = createLab();
  const { left, right } = await twoHosts(lab);
  await lab.connect({ namespace: left, interface: "east" }, { namespace: right, interface: "west" });
  const { stdout } = await right.run("ethtool", ["-k", "west"]);
  for (const name of [
    "tx-checksumming",
    "tcp-segmentation-offload",
    "generic-segmentation-offload",
    "generic-receive-offload",
  ])
    expect(stdout).toMatch(new RegExp(`^${name}: off`, "m"));
});

test("a pass program on an end is native XDP, and traffic still flows", async () => {
  await using lab = createLab();
  const { left, right } = await twoHosts(lab);
  await lab.connect(
    { namespace: left, interface: "east", addresses: ["10.200.0.1/24"], passXdp: true },
    { namespace: right, interface: "west", addresses: ["10.200.0.2/24"] },
  );
  const { stdout } = await left.run("ip", ["link", "show", "east"]);
  expect(stdout).toMatch(/ xdp\/?i?d? ?|prog\/xdp/);
  expect(stdout).not.toContain("xdpgeneric");
  expect((await left.run("ping", ["-c", "3", "-i", "0.3", "-W", "5", "10.200.0.2"])).stdout).toMatch(/ [1-3] received/);
});

test("a namespace forwards when told to, and only then", async () => {
  await using lab = createLab();
  const { left, right } = await twoHosts(lab);
  for (const [name, forwarding] of [
    ["router", true],
    ["host", false],
  ] as const) {
    const between = await lab.namespace(name, { forwarding });
    await lab.connect(
      { namespace: left, interface: `to-${name}`, addresses: ["10.201.0.2/24"] },
      { namespace: between, interface: "left", addresses: ["10.201.0.1/24"] },
    );
    await lab.connect(
      { namespace: between, interface: "right", addresses: ["10.202.0.1/24"] },
      { namespace: right, interface: `to-${name}`, addresses: ["10.202.0.2/24"] },
    );
    await left.route("10.202.0.0/24", { via: "10.201.0.1", device: `to-${name}` });
    await right.route("10.201.0.0/24", { via: "10.202.0.1", device: `to-${name}` });
    const ping = await left.run("ping", ["-c", "1", "-W", "1", "10.202.0.2"], { accept: [1] });
    expect(ping.status === 0).toBe(forwarding);
    for (const [namespace] of [[left], [right]] as const) await namespace.ip(`link set to-${name} down`);
  }
});

test("nothing is left after dispose, running processes included", async () => {
  const lab = createLab();
  const { left } = await twoHosts(lab);
  const sleeper = await left.start("sleep", ["1000"]);
  expect(namespacesOf(lab)).toHaveLength(2);
  await lab.dispose();
  await lab.dispose();
  expect(namespacesOf(lab)).toEqual([]);
  expect(existsSync(lab.folder)).toBe(false);
  expect(existsSync(`/proc/${sleeper.pid}`)).toBe(false);
});

test("nothing is left when building fails half-way", async () => {
  let seen: Lab | undefined;
  const building = buildLab(async (lab) => {
    seen = lab;
    const { left, right } = await twoHosts(lab);
    await lab.connect(
      { namespace: left, interface: "east", addresses: ["nonsense"] },
      { namespace: right, interface: "west" },
    );
    return {};
  });
  await expect(building).rejects.toMatchObject({ code: "ZT7001" });
  expect(seen && namespacesOf(seen)).toEqual([]);
});

test.each(["Upper", "", "far-too-long-a-name", "a b", "../up"])("'%s' is refused as a name", async (name) => {
  await using lab = createLab();
  await expect(lab.namespace(name)).rejects.toMatchObject({ code: "ZT7007" });
});

test("a second namespace of the same name is refused", async () => {
  await using lab = createLab();
  await lab.namespace("left");
  await expect(lab.namespace("left")).rejects.toMatchObject({ code: "ZT7006" });
});
