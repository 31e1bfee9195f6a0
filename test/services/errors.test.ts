/** ICMP errors of a service's flows: each end finds the packet that it sent itself in them, and nobody else gets any. */
import { describe, expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import { ECHO, ERRORS } from "../icmp/scapy-words.ts";
import { type Outcome, type Packet, vlan } from "../kit/index.ts";
import { startJudges } from "../kit-tests/judges.ts";

const pair = pairOf(new URL("./programs/rewriters.ts", import.meta.url));

const judges = startJudges();

interface End {
  readonly address: string;
  readonly port: number;
}
interface Ends {
  readonly source: End;
  readonly destination: End;
}
const at = (address: string, port: number): End => ({ address, port });
const text = ({ address, port }: End): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
const turned = ({ source, destination }: Ends): Ends => ({ source: destination, destination: source });

/** Scapy's words. */
interface Family {
  readonly network: (from: string, to: string, ttl?: number) => string;
  readonly errors: readonly string[];
  readonly echo: (asks: boolean, identifier: number) => string;
  readonly client: string;
  readonly service: string;
  readonly outside: string;
  readonly backend: string;
  readonly router: string;
}
const FAMILIES: Readonly<Record<string, Family>> = {
  IPv4: {
    network: (from, to, ttl = 64) => `IP(src="${from}", dst="${to}", ttl=${ttl})`,
    errors: ERRORS.IPv4,
    echo: ECHO.IPv4,
    client: "10.0.0.7",
    service: "10.1.0.1",
    outside: "192.0.2.9",
    backend: "10.2.0.1",
    router: "100.64.0.9",
  },
  IPv6: {
    network: (from, to, ttl = 64) => `IPv6(src="${from}", dst="${to}", hlim=${ttl})`,
    errors: ERRORS.IPv6,
    echo: ECHO.IPv6,
    client: "2001:db8::7",
    service: "2001:db8:1::1",
    outside: "2001:db8:9::9",
    backend: "2001:db8:2::1",
    router: "2001:db8:ffff::9",
  },
};

/** A packet of a flow's direction; `reply`: of what comes back. */
type Transport = (ends: Ends, reply: boolean, family: Family) => string;
const TRANSPORTS: Readonly<Record<string, Transport>> = {
  TCP: ({ source, destination }) => `TCP(sport=${source.port}, dport=${destination.port}, seq=77, ack=78, flags="A")`,
  UDP: ({ source, destination }) => `UDP(sport=${source.port}, dport=${destination.port})`,
  echo: ({ source, destination }, reply, family) => family.echo(!reply, reply ? destination.port : source.port),
};

const LINK = `Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")`;
const built = async (words: string): Promise<Packet> => judges.built(`${LINK}/${words}`);

const one = async (packet: Packet): Promise<Outcome> => (await pair.run([packet]))[0] as Outcome;

const ipOf = (ends: Ends, transport: Transport, reply: boolean, family: Family): string =>
  `${family.network(ends.source.address, ends.destination.address)}/${transport(ends, reply, family)}/Raw(b"data!")`;

/** An error from an address to the sender of a packet, in scapy's words. */
const about = (
  from: string,
  quoted: Ends,
  transport: Transport,
  reply: boolean,
  family: Family,
  ttl: number,
  error = 0,
) =>
  `${family.network(from, quoted.source.address, ttl)}/${family.errors[error]}/Raw(bytes(${ipOf(quoted, transport, reply, family)}))`;

const strays = () => pair.both((running) => running.drops()["service: error of no flow"] ?? 0n);

let lastPort = 20_000;
const freshPort = (): number => ++lastPort;

/** A flow that has begun: as the client sends it, and as it leaves. */
async function begun(family: Family, transport: Transport, change: number): Promise<{ sent: Ends; left: Ends }> {
  const sent = {
    source: at(family.client, freshPort()),
    destination: at(family.service, transport === TRANSPORTS.echo ? 0 : 80),
  };
  const to = { source: at(family.outside, freshPort()), destination: at(family.backend, 8080) };
  const value = { change, source: text(to.source), destination: text(to.destination) };
  pair.both((running) => running.config.set("first.flows", [{ key: { port: sent.source.port }, value }]));
  const left = {
    source: (change & 1) === 1 ? to.source : sent.source,
    destination: (change & 2) === 2 ? to.destination : sent.destination,
  };
  // What has no port has none either when a decision names one.
  if (transport === TRANSPORTS.echo) left.destination = at(left.destination.address, 0);
  const opened = await one(await built(ipOf(sent, transport, false, family)));
  expect(opened).toHaveVerdict("redirect");
  return { sent, left };
}

/** As it leaves: between the MAC addresses that the route gave, which are right when they are those of the next hop. */
async function expectBecomes(outcome: Outcome, words: string): Promise<void> {
  expect(outcome).toHaveVerdict("redirect");
  const { source: sourceMac, destination: destinationMac } = outcome.packet.layer("ethernet");
  expect(outcome).toEqualPacket((await built(words)).with({ sourceMac, destinationMac }));
}

describe.each(Object.entries(FAMILIES))("%s", (_, family) => {
  test.each(Object.entries(TRANSPORTS))(
    "about %s: from both sides and from the way, whichever ends change",
    async (_, transport) => {
      const out: Packet[] = [];
      for (const change of [1, 2, 3, 4]) {
        const { sent, left } = await begun(family, transport, change);
        for (const error of family.errors.keys()) {
          // Behind the service, about what the client sent.
          for (const from of [left.destination.address, family.router]) {
            const outcome = await one(await built(about(from, left, transport, false, family, 64, error)));
            const seen = (change & 2) === 2 ? sent.destination.address : from;
            await expectBecomes(outcome, about(seen, sent, transport, false, family, 63, error));
            out.push(outcome.packet);
          }
          // Before it, about a reply.
          const [reply, received] = [turned(left), turned(sent)];
          for (const from of [sent.source.address, family.router]) {
            const outcome = await one(await built(about(from, received, transport, true, family, 64, error)));
            const seen = (change & 1) === 1 ? left.source.address : from;
            await expectBecomes(outcome, about(seen, reply, transport, true, family, 63, error));
            out.push(outcome.packet);
          }
        }
      }
      expect(await judges.wireshark.faults(out)).toEqual([]);
    },
  );

  const udp = TRANSPORTS.UDP as Transport;

  test("errors of no flow are dropped and counted where a service takes what comes; so are those that nobody can read", async () => {
    const nobody = { source: at(family.client, freshPort()), destination: at(family.backend, 8080) };
    const whole = await built(about(family.backend, nobody, udp, false, family, 64));
    const cut = await built(
      `${family.network(family.backend, family.client)}/${family.errors[0]}/Raw(bytes(${ipOf(nobody, udp, false, family)})[:12])`,
    );
    for (const packet of [whole, cut]) {
      const before = strays();
      const outcome = await one(packet);
      expect(outcome).toHaveVerdict("drop");
      expect(outcome.reason).toBe("service: error of no flow");
      expect(outcome).toEqualPacket(packet);
      expect(strays()).toBe(before + 1n);
    }
  });

  test("errors do not keep a flow alive", async () => {
    const { left } = await begun(family, udp, 2);
    const error = await built(about(family.backend, left, udp, false, family, 64));
    let lived = 0;
    while ((await one(error)).verdict === "redirect") {
      lived += 1;
      expect(lived).toBeLessThan(100);
      pair.both((running) => running.advance("10s"));
    }
    expect(lived).toBeGreaterThan(1);
  });

  test("a message that is no error and has a flow of its own takes no error with it", async () => {
    const ping = family === FAMILIES.IPv4 ? "ICMP(type=13)" : "ICMPv6NIQueryName()";
    pair.both((running) => running.config.set("first.flows", []));
    expect(await one(await built(`${family.network(family.backend, family.client)}/${ping}`))).toHaveVerdict(
      "redirect",
    );
    const nobody = { source: at(family.client, freshPort()), destination: at(family.backend, 8080) };
    expect(await one(await built(about(family.backend, nobody, udp, false, family, 64)))).toHaveVerdict("drop");
  });

  test("one that expires here is the host's to tell of nothing", async () => {
    const { left } = await begun(family, udp, 2);
    for (const ttl of [0, 1])
      expect(await one(await built(about(family.backend, left, udp, false, family, ttl)))).toHaveVerdict("pass");
  });
});

test("behind VLAN tags", async () => {
  const family = FAMILIES.IPv4 as Family;
  const udp = TRANSPORTS.UDP as Transport;
  const { sent, left } = await begun(family, udp, 3);
  const outcome = await one(vlan([7, 8], await built(about(family.router, left, udp, false, family, 64))));
  const { source: sourceMac, destination: destinationMac } = outcome.packet.layer("ethernet");
  const expected = (await built(about(family.service, sent, udp, false, family, 63))).with({
    sourceMac,
    destinationMac,
  });
  expect(outcome).toEqualPacket(vlan([7, 8], expected));
});

describe("a service with addresses of its own", () => {
  const listed = pairOf(new URL("../../examples/balancer/service.ts", import.meta.url), {
    config: {
      "service.listen": ["10.1.0.1:53/udp", "[2001:db8:1::1]:53/udp"],
      "balancer.backends": ["10.2.0.1:8080", "[2001:db8:2::1]:8080"],
    },
  });

  test("leaves errors of no flow to the host", async () => {
    const udp = TRANSPORTS.UDP as Transport;
    for (const family of Object.values(FAMILIES)) {
      const nobody = { source: at(family.service, 7), destination: at(family.backend, 8080) };
      const packet = await built(about(family.backend, nobody, udp, false, family, 64));
      const [outcome] = (await listed.run([packet])) as [Outcome];
      expect(outcome).toHaveVerdict("pass");
      expect(outcome).toEqualPacket(packet);
    }
  });
});
