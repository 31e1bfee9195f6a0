/**
 * A full SYN proxy in front of a service elsewhere (docs/decisions/0011-decisions-that-wait.md): every packet of a connection,
 * as scapy would have it, and nothing that Wireshark finds fault with.
 */
import { describe, expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import type { Outcome, Packet } from "../kit/index.ts";
import { startJudges } from "../kit-tests/judges.ts";

const COOKIE = 0xffff_fff0;
const pair = pairOf(new URL("./programs/proxy.ts", import.meta.url), {
  config: { "mover.to": { "10.1.0.0/16": "10.9.0.1:8080", "2001:db8:1::/48": "[2001:db8:9::1]:8080" } },
});
const judges = startJudges();

interface Ends {
  readonly source: string;
  readonly destination: string;
  readonly sport: number;
  readonly dport: number;
}
const turned = ({ source, destination, sport, dport }: Ends): Ends => ({
  source: destination,
  destination: source,
  sport: dport,
  dport: sport,
});
let last = 2000;
/** A connection of its own, as its client sends it, and as it leaves for the service. */
const FAMILIES = [
  [
    "IPv4",
    () => {
      const sport = ++last;
      const client = { source: "10.0.0.7", destination: "10.1.0.1", sport, dport: 80 };
      return { client, behind: { ...client, destination: "10.9.0.1", dport: 8080 } };
    },
  ],
  [
    "IPv6",
    () => {
      const sport = ++last;
      const client = { source: "2001:db8::7", destination: "2001:db8:1::1", sport, dport: 80 };
      return { client, behind: { ...client, destination: "2001:db8:9::1", dport: 8080 } };
    },
  ],
] as const;

const LINK = { src: "02:00:00:00:00:01", dst: "02:00:00:00:00:02" };
/** The packet of a segment, which is told in scapy's words behind its ports. */
const segment = (
  { source, destination, sport, dport }: Ends,
  tcp: string,
  { ttl = 64, link = LINK, id = 1 }: { ttl?: number; link?: { src: string; dst: string }; id?: number } = {},
): Promise<Packet> => {
  const network = source.includes(":")
    ? `IPv6(src="${source}", dst="${destination}", hlim=${ttl})`
    : `IP(src="${source}", dst="${destination}", ttl=${ttl}, id=${id}, flags="DF")`;
  const ends = `sport=${sport}, dport=${dport}, `;
  return judges.built(`Ether(src="${link.src}", dst="${link.dst}")/${network}/${tcp.replace("TCP(", `TCP(${ends}`)}`);
};

const left: Packet[] = [];
const run = async (packet: Packet): Promise<Outcome> => {
  const [outcome] = (await pair.run([packet])) as [Outcome];
  if (outcome.verdict === "redirect" || outcome.verdict === "transmit") left.push(outcome.packet);
  return outcome;
};
/** Sends a segment, and expects another in its place: a hop older, between the MAC addresses that the route gave. */
const becomes = async (from: Ends, sent: string, to: Ends, as: string): Promise<void> => {
  const outcome = await run(await segment(from, sent));
  expect(outcome).toHaveVerdict("redirect");
  const { source, destination } = outcome.packet.layer("ethernet");
  expect(outcome).toEqualPacket(await segment(to, as, { ttl: 63, link: { src: source, dst: destination } }));
};
const dropped = (name: string): bigint => pair.both((running) => running.drops()[name] ?? 0n);
const WAITS = "service: waits for an answer";

const SYN =
  'TCP(seq=999, flags="S", window=64240, options=[("MSS", 1460), ("SAckOK", ""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 7)])';
const ACK = `TCP(seq=1000, ack=${COOKIE + 1}, flags="A", window=64240)`;
const SERVER = 7_000_000;
const u32 = (n: number): number => n >>> 0;

type Connection = ReturnType<(typeof FAMILIES)[number][1]>;
/** Until the SYN has gone to the service. */
async function asked({ client, behind }: Connection): Promise<void> {
  expect(await run(await segment(client, SYN))).toHaveVerdict("transmit");
  await becomes(client, ACK, behind, 'TCP(seq=999, flags="S", window=64240, options=[("MSS", 1360)])');
}
/** And until the service has answered. */
async function connected(connection: Connection): Promise<void> {
  await asked(connection);
  const { client, behind } = connection;
  await becomes(
    turned(behind),
    `TCP(seq=${SERVER}, ack=1000, flags="SA", window=65160, options=[("MSS", 1460)])`,
    turned(client),
    `TCP(seq=${COOKIE}, ack=1000, flags="A", window=65160)/Raw(b"\\0")`,
  );
}

describe.each(FAMILIES)("%s", (_, make) => {
  test("the handshakes meet: SYN, then what makes the client acknowledge; numbers are shifted both ways", async () => {
    const connection = make();
    const { client, behind } = connection;
    await connected(connection);
    for (const [sent, acknowledged] of [
      ["", 0],
      ["/Raw(b'GET / HTTP/1.1')", 0],
      ["", 1500],
      // Past the end of the numbers.
      ["/Raw(b'x')", 70_000],
    ] as const) {
      await becomes(
        client,
        `TCP(seq=1000, ack=${u32(COOKIE + 1 + acknowledged)}, flags="A", window=64240)${sent}`,
        behind,
        `TCP(seq=1000, ack=${SERVER + 1 + acknowledged}, flags="A", window=64240)${sent}`,
      );
      await becomes(
        turned(behind),
        `TCP(seq=${SERVER + 1 + acknowledged}, ack=1014, flags="PA", window=65160)/Raw(b'abc')`,
        turned(client),
        `TCP(seq=${u32(COOKIE + 1 + acknowledged)}, ack=1014, flags="PA", window=65160)/Raw(b'abc')`,
      );
    }
  });

  test("nothing but the ACK sends the SYN, which it does as often as it comes, with data or asking for the window", async () => {
    const connection = make();
    const { client, behind } = connection;
    await asked(connection);
    const syn = 'TCP(seq=999, flags="S", window=64240, options=[("MSS", 1360)])';
    await becomes(client, ACK, behind, syn);
    await becomes(client, `${ACK}/Raw(b'GET / HTTP/1.1 and more')`, behind, syn);
    await becomes(client, ACK.replace("seq=1000", "seq=999"), behind, syn);
    const before = dropped(WAITS);
    for (const other of [
      ACK.replace("seq=1000", "seq=1001"),
      ACK.replace("seq=1000", "seq=66535"),
      ACK.replace('"A"', '"RA"'),
      ACK.replace('"A"', '"SA"'),
    ])
      expect(await run(await segment(client, other))).toHaveVerdict("drop");
    expect(dropped(WAITS) - before).toBe(4n);
  });

  test.each([0, 1, 2, 3, 4, 5, 7, 8, 9, 100])(
    "the SYN offers SACK, made of an ACK with %i bytes of data",
    async (bytes) => {
      const { client, behind } = make();
      await becomes(
        client,
        `${ACK.replace("64240", "5000")}/Raw(b"x"*${bytes})`,
        behind,
        'TCP(seq=999, flags="S", window=5000, options=[("MSS", 1360), ("NOP", None), ("NOP", None), ("SAckOK", "")])',
      );
    },
  );

  test.each([
    ["in its usual place", '("NOP", None), ("NOP", None), ("SAck", (%))'],
    ["at an odd place", '("NOP", None), ("SAck", (%)), ("NOP", None)'],
    ["first", '("SAck", (%)), ("NOP", None), ("NOP", None)'],
    [
      "behind timestamps",
      '("NOP", None), ("NOP", None), ("Timestamp", (5, 6)), ("NOP", None), ("NOP", None), ("SAck", (%))',
    ],
  ])("selective acknowledgements are shifted, %s", async (_, options) => {
    const connection = make();
    await connected(connection);
    const edges = [100, 200, 300, 400, 500, 70_000];
    for (const count of [2, 4, 6]) {
      const blocks = (from: number) =>
        options.replace(
          "%",
          edges
            .slice(0, count)
            .map((n) => u32(from + n))
            .join(", "),
        );
      await becomes(
        connection.client,
        `TCP(seq=1000, ack=${COOKIE + 1}, flags="A", options=[${blocks(COOKIE)}])`,
        connection.behind,
        `TCP(seq=1000, ack=${SERVER + 1}, flags="A", options=[${blocks(SERVER)}])`,
      );
    }
  });

  test.each([
    ["in its usual place", '("NOP", None), ("NOP", None), ("SAck", (%))'],
    ["at an odd place", '("NOP", None), ("SAck", (%)), ("NOP", None)'],
  ])("the server does not hear that the client had the probe's byte, %s", async (_, options) => {
    const connection = make();
    await connected(connection);
    const nops = Array.from({ length: 12 }, () => '("NOP", None)').join(", ");
    for (const [left, right, acknowledged, blanked] of [
      [0, 1, 1, true],
      // Any other report goes on: of more bytes, of an earlier one, of one ahead.
      [0, 2, 2, false],
      [0, 1, 2, false],
      [2, 3, 1, false],
    ] as const) {
      const block = (from: number) => options.replace("%", `${u32(from + left)}, ${u32(from + right)}`);
      await becomes(
        connection.client,
        `TCP(seq=1000, ack=${u32(COOKIE + acknowledged)}, flags="A", options=[${block(COOKIE)}])`,
        connection.behind,
        `TCP(seq=1000, ack=${SERVER + acknowledged}, flags="A", options=[${blanked ? nops : block(SERVER)}])`,
      );
    }
  });

  test("a reset of the client's, which may acknowledge nothing, and one of the service's", async () => {
    const connection = make();
    const { client, behind } = connection;
    await connected(connection);
    await becomes(
      turned(behind),
      `TCP(seq=${SERVER + 1}, ack=1000, flags="RA")`,
      turned(client),
      `TCP(seq=${COOKIE + 1}, ack=1000, flags="RA")`,
    );
    await becomes(client, 'TCP(seq=1000, ack=0, flags="R")', behind, 'TCP(seq=1000, ack=0, flags="R")');
  });

  test("a SYN-ACK that comes again is answered by the client again", async () => {
    const connection = make();
    await connected(connection);
    await becomes(
      turned(connection.behind),
      `TCP(seq=${SERVER}, ack=1000, flags="SA", window=65160)`,
      turned(connection.client),
      `TCP(seq=${COOKIE}, ack=1000, flags="A", window=65160)/Raw(b"\\0")`,
    );
  });

  test("a connection that the service refuses is reset, with the number that its client knows", async () => {
    const connection = make();
    await asked(connection);
    await becomes(
      turned(connection.behind),
      'TCP(seq=0, ack=1000, flags="RA", window=0)',
      turned(connection.client),
      `TCP(seq=${COOKIE + 1}, ack=1000, flags="RA", window=0)`,
    );
  });

  test("waited for is what the hook takes; a drop ends the flow, and so does a reject, which tells", async () => {
    const connection = make();
    const { client, behind } = connection;
    const syn = 'TCP(seq=999, flags="S", window=64240, options=[("MSS", 1360)])';
    await asked(connection);
    const before = dropped(WAITS);
    expect(await run(await segment(turned(behind), `TCP(seq=5, ack=9, flags="A")`))).toHaveVerdict("drop");
    expect(dropped(WAITS) - before).toBe(1n);
    const ended = await run(await segment(turned(behind), `TCP(seq=5, ack=9, flags="FA")`));
    expect(ended).toHaveVerdict("drop");
    expect(ended.reason).toBe("proxy: ended");
    // No flow any more: decided anew.
    await becomes(client, ACK, behind, syn);
    const told = await run(await segment(turned(behind), `TCP(seq=5, ack=9, flags="UA")`));
    expect(told).toHaveVerdict("transmit");
    expect(told.packet.layer("tcp")).toMatchObject({ sequence: 9, flags: ["rst"], sourcePort: client.sport });
    await becomes(client, ACK, behind, syn);
  });

  test("an ACK with another number may be of another connection: it is decided anew", async () => {
    const connection = make();
    const { client, behind } = connection;
    await asked(connection);
    await becomes(
      client,
      ACK.replace("seq=1000", "seq=500000"),
      behind,
      'TCP(seq=499999, flags="S", window=64240, options=[("MSS", 1360)])',
    );
  });

  test("a connection that is over may be followed by another; what is left of the old one is passed on", async () => {
    const connection = make();
    const { client, behind } = connection;
    await connected(connection);
    const fin = { ack: COOKIE + 5, flags: '"FA"' };
    await becomes(
      client,
      `TCP(seq=1000, ack=${fin.ack}, flags="FA")`,
      behind,
      `TCP(seq=1000, ack=${SERVER + 5}, flags="FA")`,
    );
    await becomes(
      client,
      `TCP(seq=1001, ack=${fin.ack}, flags="A")`,
      behind,
      `TCP(seq=1001, ack=${SERVER + 5}, flags="A")`,
    );
    expect(dropped("proxy: no cookie")).toBe(0n);
    // With its own number it is the old one's, also when it acknowledges no more than the handshake.
    await becomes(client, ACK, behind, `TCP(seq=1000, ack=${SERVER + 1}, flags="A", window=64240)`);
    await becomes(
      client,
      ACK.replace("seq=1000", "seq=50000"),
      behind,
      'TCP(seq=49999, flags="S", window=64240, options=[("MSS", 1360)])',
    );
  });
});

test.each(FAMILIES)("over %s, errors about a shifted connection quote what its ends have sent", async (_, make) => {
  const connection = make();
  const { client, behind } = connection;
  await connected(connection);
  const six = client.source.includes(":");
  const [error, header] = six ? ["ICMPv6DestUnreach(code=4)", 40] : ["ICMP(type=3, code=3)", 20];
  const network = (from: string, to: string, ttl: number) =>
    six ? `IPv6(src="${from}", dst="${to}", hlim=${ttl})` : `IP(src="${from}", dst="${to}", ttl=${ttl})`;
  const about = ({ source, destination, sport, dport }: Ends, numbers: string, bytes: number, ttl: number) =>
    `${network(destination, source, ttl)}/${error}/Raw(bytes(${network(source, destination, 64)}/TCP(sport=${sport}, dport=${dport}, ${numbers}, flags="PA")/Raw(b"data"))[:${header + bytes}])`;
  const link = (src: string, dst: string) => `Ether(src="${src}", dst="${dst}")`;
  // Quoted to the end; with all numbers, but no checksum; with no more than there must be.
  for (const bytes of [24, 12, 8]) {
    const ofServer = (seq: number) => `seq=${seq}, ack=1500`;
    const ofClient = (ack: number) => `seq=1000, ack=${ack}`;
    const cases = [
      // Behind the service, about the client's packet; what it acknowledges is not quoted in eight bytes.
      [behind, ofClient(SERVER + 1), client, ofClient(bytes === 8 ? SERVER + 1 : COOKIE + 1)],
      [turned(client), ofServer(COOKIE + 1), turned(behind), ofServer(SERVER + 1)],
    ] as const;
    for (const [quoted, sent, as, told] of cases) {
      const outcome = await run(await judges.built(`${link(LINK.src, LINK.dst)}/${about(quoted, sent, bytes, 64)}`));
      expect(outcome).toHaveVerdict("redirect");
      const { source, destination } = outcome.packet.layer("ethernet");
      expect(outcome).toEqualPacket(await judges.built(`${link(source, destination)}/${about(as, told, bytes, 63)}`));
    }
  }
});

/** Sets where connections go: a new config. */
const lead = (host: number): void =>
  pair.both((running) =>
    running.config.set("mover.to", {
      "10.1.0.0/16": `10.9.0.${host}:8080`,
      "2001:db8:1::/48": `[2001:db8:9::${host}]:8080`,
    }),
  );

describe.each(FAMILIES)("through time, %s", (_, make) => {
  test("under newer config a connection stays where it is, whether it waits or stands; a SYN does not end it", async () => {
    const [waiting, standing] = [make(), make()];
    await asked(waiting);
    await connected(standing);
    lead(2);
    try {
      const { client, behind } = standing;
      // Its server will say what the sender has to do with it.
      await becomes(client, 'TCP(seq=5, flags="S")', behind, 'TCP(seq=5, flags="S")');
      const said = (ack: number) => `TCP(seq=1000, ack=${ack}, flags="PA")/Raw(b"more")`;
      await becomes(client, said(COOKIE + 1), behind, said(SERVER + 1));
      await becomes(
        turned(waiting.behind),
        `TCP(seq=${SERVER}, ack=1000, flags="SA")`,
        turned(waiting.client),
        `TCP(seq=${COOKIE}, ack=1000, flags="A")/Raw(b"\\0")`,
      );
    } finally {
      lead(1);
    }
  });

  test("a SYN-ACK that answers another SYN is waited through, and so is a reset that answers none", async () => {
    const connection = make();
    await asked(connection);
    const before = dropped(WAITS);
    for (const forged of ['ack=999, flags="SA"', 'ack=1001, flags="SA"', 'ack=7, flags="RA"', 'ack=0, flags="R"'])
      expect(await run(await segment(turned(connection.behind), `TCP(seq=${SERVER}, ${forged})`))).toHaveVerdict(
        "drop",
      );
    expect(dropped(WAITS) - before).toBe(4n);
  });

  test("who waits is forgotten like who opens; a connection that stands lives for hours", async () => {
    const [waiting, standing] = [make(), make()];
    await asked(waiting);
    await connected(standing);
    const ack = (to: number) => `TCP(seq=1000, ack=${to}, flags="A")`;
    await becomes(standing.client, ack(COOKIE + 1), standing.behind, ack(SERVER + 1));
    pair.both((running) => running.advance("10m"));
    const before = dropped("proxy: no cookie");
    await run(await segment(turned(waiting.behind), `TCP(seq=${SERVER}, ack=1000, flags="SA")`));
    expect(dropped("proxy: no cookie") - before).toBe(1n);
    await becomes(standing.client, ack(COOKIE + 9), standing.behind, ack(SERVER + 9));
  });
});

test("what returns directly, or is of the other family behind, cannot wait", async () => {
  const before = dropped("service: cannot wait");
  for (const dport of [90, 91])
    expect(await run(await segment({ ...FAMILIES[0][1]().client, dport }, ACK))).toHaveVerdict("drop");
  expect(dropped("service: cannot wait") - before).toBe(2n);
});

test("decisions that wait are for ACKs of connections", async () => {
  const [, make] = FAMILIES[0];
  const before = dropped("service: no handshake");
  for (const flags of ["SA", "RA"]) {
    const outcome = await run(await segment(make().client, ACK.replace('"A"', `"${flags}"`)));
    expect(outcome).toHaveVerdict("drop");
  }
  expect(dropped("service: no handshake") - before).toBe(2n);
});

test("Wireshark finds no fault in anything that left", async () => {
  expect(left.length).toBeGreaterThan(100);
  expect(await judges.wireshark.faults(left)).toEqual([]);
});
