/** Decisions that wait for a packet from behind the service: what may be said, by whom, and what it means inside. */
import { expect, test } from "vitest";
import { OutcomeKind } from "../../sdk/middlebox/internal.ts";
import { pairOf } from "../headers/pair.ts";
import { tcp } from "../kit/index.ts";
import { problemsOf, told, withoutMark } from "../language/harness.ts";

const pair = pairOf(new URL("./programs/waiting.ts", import.meta.url));
const said = () => pair.both((running) => running.map("said").get(0));

test("a SYN-ACK completes, with the difference of sequence numbers, modulo 2^32", async () => {
  const server = tcp("10.9.0.1:80", "10.0.0.7:4000");
  await pair.run([server.packet(["syn", "ack"], { tcp: { sequence: 7, acknowledgement: 1 } })]);
  expect(said()).toMatchObject({ kind: OutcomeKind.Complete, shift: 0xffff_fffe, port: 80 });
});

test("anything else is waited through", async () => {
  await pair.run([tcp("10.9.0.1:80", "10.0.0.7:4000").ack()]);
  expect(said()).toMatchObject({ kind: OutcomeKind.Wait, shift: 0 });
});

const proxy = (complete: string, second = ""): string => `
import { middlebox, pending, service } from "zeta";
const box = middlebox("box", {
  decide(flow) {
    const tcp = flow.first.tcp();
    if (tcp === null) return flow.forward();
    return §pending(flow.forward(), { note: tcp.acknowledgement - 1, mss: 1400 });
  },
  ${complete}
});
const other = middlebox("other", { ${second} });
export default service("example", { chain: [box, other] });`;
const COMPLETE = "complete: (flow) => flow.complete({ sequence: flow.note - (flow.reply.tcp()?.sequence ?? 0) }),";

test("a middlebox that completes may have decisions wait", async () => {
  expect(await problemsOf(withoutMark(proxy(COMPLETE)).text)).toEqual([]);
});

test("one that does not may not", async () => {
  const { text, place } = withoutMark(proxy(""));
  expect((await problemsOf(text)).map(told)).toEqual([`ZT2033 ${place}`]);
});

test("another middlebox's hook does not count, and two are refused", async () => {
  const elsewhere = withoutMark(proxy("", "complete: (flow) => flow.wait()"));
  expect((await problemsOf(elsewhere.text)).map(told)).toEqual([`ZT2033 ${elsewhere.place}`]);
  const { text } = withoutMark(proxy(COMPLETE, "complete: (flow) => flow.wait()"));
  expect((await problemsOf(text)).map(({ code }) => code)).toEqual(["ZT2026"]);
});
