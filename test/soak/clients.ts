/** Clients that go on for as long as they are let, and what became of their connections. */
import { setTimeout as pause } from "node:timers/promises";
import { askDns, DNS_ANSWER } from "../lab/dns.ts";
import { openSession } from "../lab/ssh.ts";
import { bracketed } from "./networks.ts";
import { type Asked, startAsking } from "./tellers.ts";
import { datagrams, download, isWhole, startPing, stream } from "./traffic.ts";
import type { Way, World } from "./world.ts";

/** One client's connections: each is whole, or broken and told of. */
export interface Tally {
  connections: number;
  readonly broken: string[];
  /** UDP and ICMP have no connections: what is lost of them is no more than counted. */
  readonly datagrams: { sent: number; lost: number };
  readonly asked: Asked[];
}

export const newTally = (): Tally => ({ connections: 0, broken: [], datagrams: { sent: 0, lost: 0 }, asked: [] });

interface Going {
  readonly world: World;
  readonly tally: Tally;
  /** Whether to begin anything more. */
  readonly isOver: () => boolean;
}

/** Seconds until a request is given up: its SYN may be lost several times. */
const PATIENCE = "40";
/** Of new connections, by each way. */
const RATE = "3/s";
/** Seconds of a run of iperf3. */
const LASTING = 10;
/** Milliseconds between questions by dig, and between two looks at the time. */
const EVERY = 8000;
const LOOK = 100;

const until = async (isOver: () => boolean): Promise<void> => {
  while (!isOver()) await pause(LOOK);
};

async function counted({ tally }: Going, what: string, connections: number, work: () => Promise<string | null>) {
  tally.connections += connections;
  try {
    const wrong = await work();
    if (wrong !== null) tally.broken.push(`${what}: ${wrong}`);
  } catch (error) {
    tally.broken.push(`${what}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Each a connection of its own, by one curl for all of the time. */
async function requests(way: Way, { tally, isOver }: Going): Promise<void> {
  const words = ["-sS", "--no-keepalive", "-H", "Connection: close", "--rate", RATE, "--max-time", PATIENCE];
  const line = "%{stderr}%{http_code} %{errormsg}\\n";
  const url = `http://${bracketed(way.host)}/?[1-1000000]`;
  const curl = await way.client.start("curl", [...words, "-o", "/dev/null", "-w", line, url]);
  await until(isOver);
  curl.signal("SIGTERM");
  await curl.ended;
  const lines = curl
    .output()
    .split("\n")
    .filter((one) => /^\d{3} /.test(one));
  tally.connections += lines.length;
  if (lines.length === 0) tally.broken.push(`requests by ${way.name}: ${curl.output()}`);
  for (const failed of lines.filter((one) => one.trim() !== "200"))
    tally.broken.push(`a request by ${way.name}: ${failed}`);
}

/** One connection for all of the time. */
async function session(way: Way, going: Going): Promise<void> {
  await counted(going, `a session by ${way.name}`, 1, async () => {
    await using shell = openSession(way.client, going.world.keys, way.host);
    for (let number = 1; !going.isOver(); number++) {
      const answer = await shell.ask(`echo $((${number} * ${number}))`);
      if (answer !== `${number * number}`) return `${number} squared is ${answer}`;
      await pause(500);
    }
    const code = await shell.close();
    return code === 0 ? null : `the client ended with ${code}`;
  });
}

async function downloads(way: Way, going: Going): Promise<void> {
  while (!going.isOver())
    await counted(going, `a download by ${way.name}`, 1, async () =>
      isWhole(await download(way, "500K"), going.world.large) ? null : "not what was sent",
    );
}

/** Each has a connection for control besides. */
async function streams(way: Way, going: Going): Promise<void> {
  const lossy = async (...words: readonly string[]): Promise<null> => {
    const { sent, lost } = await datagrams(way, LASTING, "200K", ...words);
    going.tally.datagrams.sent += sent;
    going.tally.datagrams.lost += lost;
    return null;
  };
  const reliable = async (...words: readonly string[]): Promise<string | null> =>
    (await stream(way, "-t", `${LASTING}`, "-b", "1M", ...words)) > 0 ? null : "nothing came";
  for (let turn = 0; !going.isOver(); turn++) {
    const [name, run] = turn % 2 === 0 ? (["TCP", reliable] as const) : (["UDP", lossy] as const);
    const words = turn % 4 < 2 ? [] : ["-R"];
    await counted(going, `iperf3 by ${way.name}, ${name} ${words.join()}`, 2, () => run(...words));
  }
}

/** All of one identifier. */
async function echoes(way: Way, { tally, isOver }: Going): Promise<void> {
  const end = await startPing(way, 0.25);
  await until(isOver);
  const { sent, received } = await end();
  tally.connections += 1;
  if (received === 0) tally.broken.push(`a ping by ${way.name}: nothing came back`);
  tally.datagrams.sent += sent;
  tally.datagrams.lost += sent - received;
}

async function questions(way: Way, going: Going): Promise<void> {
  const count = 5;
  while (!going.isOver()) {
    await counted(going, `dig by ${way.name}`, count, async () => {
      const said = await askDns(way.client, way.host, count, "+tries=14", "+timeout=3");
      // An attempt that had no answer is told of, and another follows.
      const answers = said.filter((line) => !line.startsWith(";;"));
      return answers.length === count && answers.every((one) => one === DNS_ANSWER) ? null : said.join(" ");
    });
    for (let rest = EVERY; rest > 0 && !going.isOver(); rest -= LOOK) await pause(LOOK);
  }
}

async function asking(way: Way, { tally, isOver }: Going): Promise<void> {
  const sockets = 4;
  const { end } = await startAsking(way, sockets, 0.2);
  await until(isOver);
  const asked = await end();
  tally.connections += sockets;
  tally.asked.push(asked);
  for (let silent = asked.silent; silent > 0; silent--) tally.broken.push(`UDP by ${way.name}: never answered`);
}

/** Nothing pings a balancer's address, and nobody asks it for names. */
const clientsOf = ({ network: { service } }: Way) =>
  service === "secure-balancer"
    ? [requests, session, downloads, streams, asking]
    : [requests, session, downloads, streams, asking, echoes, questions];

/** All clients of all ways, until `isOver`; what is under way then is waited for. */
export async function useAll(going: Going): Promise<void> {
  await Promise.all(going.world.ways.flatMap((way) => clientsOf(way).map((client) => client(way, going))));
}
