/** The lab's machines, with the tools that people use: what reaches whom, who is seen on the way, and that every packet is sound. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Built, type LabProcess, missingCapabilities, startWebServer } from "zeta/runtime";
import { buildVpcs, MACHINES, type MachineName, UNDERLAY_MTU, type Vpcs } from "./lab.ts";

const lacking = process.getuid?.() !== 0 ? "root" : missingCapabilities().join(", ");
const OVERHEAD = 50;
const HEADERS = new Set("frame eth ethertype arp ip ipv6 ipv6.hopopts tcp udp icmp icmpv6 vxlan data".split(" "));
const CHECKS = ["ip", "tcp", "udp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);
const bad = (...protocols: string[]) => protocols.map((one) => `${one}.checksum.status == "Bad"`).join(" or ");
/** In what an error quotes, which is cut, Wireshark takes the rest for all. */
const FAULTS = `_ws.malformed or ${bad("ip", "icmp", "icmpv6")} or (!icmp && !icmpv6 && (${bad("tcp", "udp")}))`;
/** Of a frame with a fault: what it is, and where the fault is. */
const TOLD = ["frame.number", "frame.protocols", "_ws.col.info", "_ws.expert.message", "frame.len"];
const bodyOf = (name: MachineName): string => `${name}.`.repeat(500);

let vpcs: Built<Vpcs>;
/** Everything that comes to a machine's host and goes from it. */
const captures: { readonly name: MachineName; readonly file: string; readonly process: LabProcess }[] = [];

beforeAll(async () => {
  if (lacking !== "") return;
  vpcs = await buildVpcs();
  for (const { name } of MACHINES) {
    const { namespace } = vpcs.machines[name];
    const file = join(vpcs.lab.folder, `${name}.pcapng`);
    const process = await namespace.start("tshark", ["-q", "-i", "net", "-w", file], {
      ready: { prints: /Capturing on/ },
    });
    captures.push({ name, file, process });
    await startWebServer(vpcs.lab, namespace, { body: bodyOf(name) });
  }
}, 300_000);
afterAll(async () => vpcs?.[Symbol.asyncDispose]());

const run = async (from: MachineName, command: string, ...words: string[]): Promise<string> => {
  const { stdout, stderr } = await vpcs.machines[from].namespace.run(command, words, { accept: [1, 2, 7, 28, 56] });
  return stdout + stderr;
};
const ping = (from: MachineName, to: string, ...more: string[]) =>
  run(from, "ping", "-n", "-c", "3", "-i", "0.01", "-W", "2", ...more, to);
const at = (name: MachineName, version: 4 | 6): string => vpcs.machines[name][version === 4 ? "four" : "six"];
const fetched = (from: MachineName, to: MachineName, version: 4 | 6 = 4) =>
  run(from, "curl", "-gsS", "-m", "5", version === 4 ? `http://${at(to, 4)}/` : `http://[${at(to, 6)}]/`);

describe.skipIf(lacking !== "")(`three tenants${lacking === "" ? "" : ` (needs ${lacking})`}`, () => {
  describe.each([4, 6] as const)("IPv%s", (version) => {
    const own = version === 4 ? "10.0.0.1" : "fd00:0:0:1::1";

    test.each([
      ["red-b", 64],
      ["red-c", 63],
      ["peer-p", 63],
    ] as const)("red-a reaches %s, whose packets have %i hops left", async (name, ttl) => {
      const text = await ping("red-a", at(name, version));
      expect(text).toContain(" 0% packet loss");
      expect(text).toContain(`ttl=${ttl} `);
      expect(await fetched("red-a", name, version)).toBe(bodyOf(name));
    });

    test("and its gateway", async () => {
      expect(await ping("red-a", own)).toContain(" 0% packet loss");
    });

    test.each([
      ["UDP", []],
      ["ICMP", ["-I"]],
      ["TCP", ["-T", "-p", "80"]],
    ] as const)("traceroute by %s sees the gateway between subnets and networks, and none within", async (_, how) => {
      const hops = async (to: MachineName): Promise<string[]> => {
        const text = await run(
          "red-a",
          "traceroute",
          `-${version}`,
          "-n",
          "-q",
          "2",
          "-w",
          "2",
          ...how,
          at(to, version),
        );
        return text
          .trim()
          .split("\n")
          .slice(1)
          .map((line) => line.trim().split(/\s+/)[1] ?? "");
      };
      expect(await hops("red-b")).toEqual([at("red-b", version)]);
      expect(await hops("red-c")).toEqual([own, at("red-c", version)]);
      expect(await hops("peer-p")).toEqual([own, at("peer-p", version)]);
    });

    test("what is too long is answered with what fits", async () => {
      const text = await ping("red-a", at("red-c", version), "-M", "do", "-s", "1400");
      expect(text).toMatch(new RegExp(`mtu ?= ?${UNDERLAY_MTU - OVERHEAD}`));
    });

    test("what is to nobody, or to who is no peer, goes nowhere", async () => {
      const [nobody, stranger] = version === 4 ? ["10.0.1.77", "10.9.0.1"] : ["fd00:0:0:2::77", "fd09::1"];
      expect(await ping("red-a", nobody)).toContain("100% packet loss");
      expect(await ping("red-a", stranger)).toMatch(version === 4 ? /Packet filtered/ : /Administratively prohibited/);
      expect(await ping("blue-a", at("peer-p", version))).toContain("100% packet loss");
      const url = version === 4 ? `http://${at("peer-p", 4)}/` : `http://[${at("peer-p", 6)}]/`;
      expect(await run("blue-a", "curl", "-gsS", "-m", "5", url)).toContain("(7) Failed to connect");
    });
  });

  test("two tenants with the same addresses at once, each in its own", async () => {
    const fetches = Array.from({ length: 20 }, (_, i) => 40_000 + i).flatMap((port) =>
      (["red", "blue"] as const).map(async (tenant) => {
        const from = vpcs.machines[`${tenant}-a`].namespace;
        const url = `http://${at(`${tenant}-c`, 4)}/`;
        const { stdout } = await from.run("curl", ["-sS", "-m", "20", "--local-port", `${port}`, url]);
        return stdout === bodyOf(`${tenant}-c`);
      }),
    );
    expect(await Promise.all(fetches)).toEqual(new Array(40).fill(true));
  });

  test("iperf3 over TCP and UDP, both ways, between networks", async () => {
    for (const how of [[], ["-R"], ["-u"], ["-u", "-R"]]) {
      await vpcs.machines["peer-p"].namespace.start("iperf3", ["-s", "-1"], { ready: { listening: 5201 } });
      const text = await run("red-a", "iperf3", "-c", at("peer-p", 4), "-t", "1", "-b", "10M", "--json", ...how);
      const { sum, sum_received: received } = JSON.parse(text).end;
      expect((received ?? sum).bytes).toBeGreaterThan(500_000);
    }
  }, 60_000);

  /** Settings of a Wireshark that judges headers alone: a client's port may be one by which it would read random payload. */
  async function headersAlone(): Promise<string> {
    const folder = join(vpcs.lab.folder, "wireshark");
    await mkdir(folder);
    const listed = await run("red-a", "tshark", "-G", "protocols");
    const names = listed.split("\n").flatMap((line) => line.split("\t")[2] ?? []);
    const others = names.filter((name) => !HEADERS.has(name) && !name.startsWith("_ws"));
    await writeFile(
      join(folder, "disabled_protos"),
      others.map((name) => `${name}\n`),
    );
    return folder;
  }

  test("Wireshark finds nothing malformed and no bad checksum in all that the gateway sent, and no network leaks", async () => {
    const settings = `WIRESHARK_CONFIG_DIR=${await headersAlone()}`;
    for (const { name, file, process } of captures) {
      await process.dispose();
      const { near, vni } = vpcs.machines[name];
      const read = async (filter: string, ...fields: readonly string[]): Promise<string[]> => {
        const columns = ["-T", "fields", ...fields.flatMap((field) => ["-e", field])];
        const words = ["-r", file, ...CHECKS, "-Y", `eth.src == ${near} && (${filter})`, ...columns];
        return (await run(name, "env", settings, "tshark", ...words)).split("\n").filter((line) => /^\d/.test(line));
      };
      const vnis = await read("vxlan", "vxlan.vni");
      expect(vnis.length).toBeGreaterThan(20);
      expect(new Set(vnis)).toEqual(new Set([String(vni)]));
      expect(await read(FAULTS, ...TOLD)).toEqual([]);
    }
  }, 120_000);
});
