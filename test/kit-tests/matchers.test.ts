/** The matchers' verdicts and, as much, their messages: they are what a person reads when a test fails. */
import { expect, test } from "vitest";
import { checkVerdict, type Outcome, tcp, udp } from "../kit/index.ts";
import "../kit/matchers.ts";

const client = tcp("10.0.0.7:40000", "10.1.0.1:80");
const outcome = (verdict: Outcome["verdict"], reason: string | null = null): Outcome => ({
  verdict,
  packet: client.syn(),
  redirect: null,
  nextHop: null,
  reason,
});

const messageOf = (assert: () => void): string => {
  try {
    assert();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the assertion held");
};

test("toHaveVerdict", () => {
  expect(outcome("pass")).toHaveVerdict("pass");
  expect(outcome("transmit")).toHaveVerdict("forward");
  expect(outcome("redirect")).toHaveVerdict("forward");
  expect(outcome("pass")).not.toHaveVerdict("forward");
  expect(messageOf(() => expect(outcome("drop", "acl: rate")).toHaveVerdict("pass"))).toBe(
    "expected the verdict 'pass', got 'drop' (acl: rate) for 10.0.0.7:40000 > 10.1.0.1:80 tcp syn (54 bytes)",
  );
});

test("toEqualPacket prints fields", () => {
  expect(outcome("pass")).toEqualPacket(client.syn());
  expect(client.syn().bytes).toEqualPacket(client.syn());
  expect(client.syn()).not.toEqualPacket(client.ack());
  const message = messageOf(() => expect(client.syn({ ttl: 63 })).toEqualPacket(client.syn()));
  expect(message).toContain("ipv4.ttl: 63, expected 64");
  expect(message).not.toContain("tcp.");
});

test("toHaveValidChecksums says which, and what would be right", () => {
  expect(client.syn()).toHaveValidChecksums();
  expect(messageOf(() => expect(client.syn({ checksum: "wrong" })).toHaveValidChecksums())).toMatch(
    /^tcp\.checksum: 0x0170, expected 0x0071$/m,
  );
  expect(
    messageOf(() => expect(udp("[::1]:1", "[::2]:2").payload("", { checksum: "zero" })).toHaveValidChecksums()),
  ).toContain("IPv6 forbids");
});

test("toHaveFields takes any spelling of an address, and lists the fields when a name is not there", () => {
  const v6 = tcp("[2001:db8::7]:1", "[2001:db8::1]:80").syn();
  expect(v6).toHaveFields({
    "ipv6.destination": "2001:0DB8:0:0::0001",
    "tcp.destinationPort": 80,
    "ethernet.source": "02:00:00:00:00:01",
  });
  expect(v6).not.toHaveFields({ "tcp.destinationPort": 81 });
  expect(messageOf(() => expect(v6).toHaveFields({ "tcp.destinationPort": 81 }))).toContain(
    "tcp.destinationPort: 80, expected 81",
  );
  const message = messageOf(() => expect(v6).toHaveFields({ "tcp.port": 80 }));
  expect(message).toContain("tcp.port: missing, expected 80");
  expect(message).toContain("tcp.sourcePort: 1");
});

test("the checks serve any test runner", () => {
  expect(checkVerdict(outcome("drop"), "drop").pass).toBe(true);
  expect(checkVerdict(outcome("drop"), "pass")).toEqual({
    pass: false,
    message: expect.stringContaining("got 'drop'"),
  });
});
