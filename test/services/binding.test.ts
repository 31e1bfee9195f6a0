/** Bindings: read by decisions, written when one is committed, and only then. */
import { expect, test } from "vitest";
import { pairOf } from "../headers/pair.ts";
import { type Outcome, tcp, udp } from "../kit/index.ts";
import { problemsOf, told, withoutMark } from "../language/harness.ts";

const pair = pairOf(new URL("./programs/homing.ts", import.meta.url), { config: { "homing.place": "10.9.0.1:80" } });
const place = (to: string): void => pair.both((running) => running.config.set("homing.place", to));
const homeOf = (client: string, protocol = 6) =>
  pair.both((running) => running.map("homing_homes").get({ client, protocol }));

async function sentTo(from: string): Promise<string | null> {
  const [outcome] = (await pair.run([tcp(from, "10.1.0.1:80").syn()])) as [Outcome];
  if (outcome.verdict === "drop") return outcome.reason;
  const [, network, transport] = outcome.packet.layers as unknown as [
    unknown,
    { destination: string },
    { destinationPort: number },
  ];
  return `${network.destination}:${transport.destinationPort}`;
}

test("a client keeps what its first flow was bound to; others do not", async () => {
  place("10.9.0.1:80");
  expect(await sentTo("10.0.0.7:4000")).toBe("10.9.0.1:80");
  place("10.9.0.2:81");
  expect(await sentTo("10.0.0.7:4001")).toBe("10.9.0.1:80");
  expect(await sentTo("10.0.0.8:4001")).toBe("10.9.0.2:81");
  expect(homeOf("10.0.0.7")).not.toBeNull();
  expect(pair.both((running) => running.map("homing_ports").get("10.0.0.7"))).toEqual({ last: 4001 });
});

test("keys are told apart by every field", async () => {
  place("10.9.0.3:83");
  await pair.run([udp("10.0.0.7:4002", "10.1.0.1:80").payload("?")]);
  expect(homeOf("10.0.0.7", 17)).toMatchObject({ port: 83 });
  expect(homeOf("10.0.0.7", 6)).toMatchObject({ port: 80 });
});

test("a decision that binds nothing leaves nothing", async () => {
  place("10.9.0.4:80");
  expect(await sentTo("10.0.0.20:1")).toBe("10.9.0.4:80");
  expect(homeOf("10.0.0.20")).toBeNull();
});

test("a decision that is not committed, because a later middlebox drops, leaves nothing", async () => {
  place("10.9.0.5:9");
  expect(await sentTo("10.0.0.21:4000")).toBe("refusing: nine");
  expect(homeOf("10.0.0.21")).toBeNull();
  place("10.9.0.6:80");
  expect(await sentTo("10.0.0.21:4001")).toBe("10.9.0.6:80");
  expect(homeOf("10.0.0.21")).toMatchObject({ port: 80 });
});

const deciding = (statement: string): string => `
import { address, binding, counter, endpoint, middlebox, service } from "zeta";
const box = middlebox("box", {
  state: { homes: binding({ key: address, of: endpoint, max: 4 }), seen: counter() },
  decide(flow, { state }) {
    ${statement}
    return flow.forward();
  },
});
export default service("example", { chain: [box] });`;

test.each([
  ["writing what is bound", "const home = state.homes.get(flow.source); if (home !== null) §home.port = 7;", "ZT1002"],
  ["other state in decide", "§state.seen.add(1n);", "ZT2010"],
  ["a value of another shape", "§return state.homes.bind(flow.forward(), flow.source, { port: 7 });", "ZT1002"],
])("%s is refused", async (_, statement, code) => {
  const { text, place: at } = withoutMark(deciding(statement));
  const line = at.split(":")[0];
  expect((await problemsOf(text)).map((problem) => told(problem).split(":")[0])).toContain(`${code} ${line}`);
});

test("other state in holds is refused by its name", async () => {
  const text = `
import { counter, middlebox, service } from "zeta";
const box = middlebox("box", {
  state: { seen: counter() },
  decide: (flow) => flow.forward(),
  holds(_flow, { state }) {
    state.seen.add(1n);
    return true;
  },
});
export default service("example", { chain: [box], listen: "all" });`;
  const [problem] = await problemsOf(text);
  expect(problem).toMatchObject({ code: "ZT2010", at: { line: 7 } });
  expect(problem?.message).toMatch(/^'holds' may run/);
});

test("writing what is bound is refused without TypeScript's help too", async () => {
  const { text, place: at } = withoutMark(
    deciding(
      "const home = state.homes.get(flow.source) as { port: number } | null; if (home !== null) §home.port = 7;",
    ),
  );
  expect((await problemsOf(text)).map(told)).toEqual([`ZT2010 ${at}`]);
});

test("a service has at most 32", async () => {
  const fields = Array.from({ length: 33 }, (_, i) => `b${i}: binding({ key: address, of: endpoint, max: 4 })`).join(
    ", ",
  );
  const text = deciding("").replace("homes: binding({ key: address, of: endpoint, max: 4 })", fields);
  expect((await problemsOf(text)).map(({ code }) => code)).toEqual(["ZT2026"]);
});
