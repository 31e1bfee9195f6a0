/** What the balancer promises. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { dissect, listFields, type Outcome, type Packet, tcp, truncations, udp, vlan } from "zeta/testing";
import { onEveryTarget } from "zeta/testing/vitest";

const service = new URL("./service.ts", import.meta.url);
const backends = ["10.2.0.1:8080", "10.2.0.2:8080", "10.2.0.3:8080"];
const config = {
  "service.listen": ["10.1.0.1:80/tcp", "10.1.0.1:53/udp", "[2001:db8:1::1]:80/tcp"],
  "balancer.backends": backends,
};

const client = (port: number) => tcp(`10.0.0.7:${port}`, "10.1.0.1:80");
const field = (outcome: Outcome | undefined, name: string): unknown =>
  outcome === undefined
    ? undefined
    : listFields(dissect(outcome.packet.bytes)).find((each) => each.path === name)?.value;
const backendOf = (outcome: Outcome | undefined): string =>
  `${field(outcome, "ipv4.destination")}:${field(outcome, "tcp.destinationPort") ?? field(outcome, "udp.destinationPort")}`;

describe("balancer", () => {
  onEveryTarget(
    service,
    (target) => {
      const backendsOf = async (packets: readonly Packet[]): Promise<string[]> =>
        (await target.run(...packets)).map(backendOf);
      const ports = (count: number) => Array.from({ length: count }, (_, index) => 1024 + index);

      test("a flow keeps its backend", async () => {
        const [syn, get] = (await target.run(client(40_000).syn(), client(40_000).payload("GET /"))) as [
          Outcome,
          Outcome,
        ];
        expect(syn).toHaveVerdict("forward");
        expect(backends).toContain(backendOf(syn));
        expect(backendOf(get)).toBe(backendOf(syn));
        expect(get.nextHop).toEqual(syn.nextHop);
      });

      test("what is sent on is right to the last checksum, and one hop older", async () => {
        const [syn] = (await target.run(client(40_000).syn())) as [Outcome];
        expect(syn.packet).toHaveValidChecksums();
        expect(syn.packet).toHaveFields({ "ipv4.source": "10.0.0.7", "tcp.sourcePort": 40_000, "ipv4.ttl": 63 });
      });

      test("replies come from the address that the client knows", async () => {
        const [syn] = (await target.run(client(40_000).syn())) as [Outcome];
        const reply = tcp(backendOf(syn), "10.0.0.7:40000").synAck();
        const [back] = (await target.run(reply)) as [Outcome];
        expect(back).toHaveVerdict("forward");
        expect(back.packet).toHaveValidChecksums();
        expect(back.packet).toHaveFields({
          "ipv4.source": "10.1.0.1",
          "tcp.sourcePort": 80,
          "ipv4.destination": "10.0.0.7",
          "tcp.destinationPort": 40_000,
        });
      });

      test("flows spread over the backends, as their weights say", async () => {
        target.config.set("balancer.backends", [
          "10.2.0.1:8080",
          { address: "10.2.0.2", port: 8080, weight: 2 },
          { value: "10.2.0.3:8080", weight: 0 },
        ]);
        const chosen = await backendsOf(ports(600).map((port) => client(port).syn()));
        const share = (backend: string) => chosen.filter((each) => each === backend).length / chosen.length;
        expect(share("10.2.0.1:8080")).toBeCloseTo(1 / 3, 1);
        expect(share("10.2.0.2:8080")).toBeCloseTo(2 / 3, 1);
        expect(share("10.2.0.3:8080")).toBe(0);
      });

      test("a removed backend lets go of its flows; all others keep theirs", async () => {
        const packets = ports(60).map((port) => client(port).payload("GET /"));
        const before = await backendsOf(packets);
        const [gone, ...left] = backends;
        target.config.set("balancer.backends", left);
        const after = await backendsOf(packets);
        expect(before).toContain(gone);
        expect(after).not.toContain(gone);
        for (const [index, backend] of before.entries()) if (backend !== gone) expect(after[index]).toBe(backend);
      });

      test("a backend that comes back does not move flows either", async () => {
        target.config.set("balancer.backends", backends.slice(1));
        const packets = ports(40).map((port) => client(port).payload("GET /"));
        const before = await backendsOf(packets);
        target.config.set("balancer.backends", backends);
        expect(await backendsOf(packets)).toEqual(before);
      });

      test("without backends, new flows are dropped by name", async () => {
        target.config.set("balancer.backends", []);
        const [syn] = (await target.run(client(40_000).syn())) as [Outcome];
        expect(syn).toHaveVerdict("drop");
        expect(target.drops()).toEqual({ "balancer: no backend": 1n });
      });

      test("UDP, with and without a checksum", async () => {
        const question = udp("10.0.0.7:5000", "10.1.0.1:53").payload("?");
        const [sent, bare] = (await target.run(question, question.with({ udp: { checksum: 0 } }))) as [
          Outcome,
          Outcome,
        ];
        expect(backends).toContain(backendOf(sent));
        expect(sent.packet).toHaveValidChecksums();
        expect(bare.packet).toHaveFields({ "udp.checksum": 0 });
      });

      test("IPv6, both ways", async () => {
        target.config.set("balancer.backends", ["[2001:db8:2::1]:8080"]);
        const [syn] = (await target.run(tcp("[2001:db8::7]:40000", "[2001:db8:1::1]:80").syn())) as [Outcome];
        expect(syn).toHaveVerdict("forward");
        expect(syn.packet).toHaveFields({ "ipv6.destination": "2001:db8:2::1", "tcp.destinationPort": 8080 });
        expect(syn.packet).toHaveValidChecksums();
        const [back] = (await target.run(tcp("[2001:db8:2::1]:8080", "[2001:db8::7]:40000").synAck())) as [Outcome];
        expect(back.packet).toHaveFields({ "ipv6.source": "2001:db8:1::1", "tcp.sourcePort": 80 });
        expect(back.packet).toHaveValidChecksums();
      });

      test("tagged frames", async () => {
        const [syn] = (await target.run(vlan(42, client(40_000).syn()))) as [Outcome];
        expect(backends).toContain(backendOf(syn));
        expect(syn.packet).toHaveFields({ "vlan.id": 42 });
        expect(syn.packet).toHaveValidChecksums();
      });

      test.each([
        ["other ports of its address", tcp("10.0.0.7:40000", "10.1.0.1:81").syn()],
        ["another protocol on its port", udp("10.0.0.7:40000", "10.1.0.1:80").payload("")],
        ["other addresses", tcp("10.0.0.7:40000", "10.1.0.2:80").syn()],
        ["replies of no flow", tcp("10.2.0.1:8080", "10.0.0.9:1").synAck()],
      ])("%s are the host's own", async (_, packet) => {
        const [outcome] = (await target.run(packet)) as [Outcome];
        expect(outcome).toHaveVerdict("pass");
        expect(outcome.packet).toEqualPacket(packet);
      });

      test("packets cut at any byte never abort", async () => {
        const whole = [client(40_000).payload("GET /"), tcp("[2001:db8::7]:40000", "[2001:db8:1::1]:80").syn()];
        // The kernel's test run refuses frames without a whole Ethernet header.
        const shortest = target.name === "kernel" ? 14 : 0;
        const cut = whole.flatMap((packet) => truncations(packet).slice(shortest));
        for (const outcome of await target.run(...cut)) expect(outcome.verdict).not.toBe("aborted");
      });
    },
    { config },
  );
});

onEveryTarget(service, (target) => {
  test("config.json is its config", () => {
    const file = JSON.parse(readFileSync(new URL("./config.json", import.meta.url), "utf8"));
    target.config.set(file);
    expect(target.config.get("service.listen")).toEqual(file.service.listen);
  });
});
