/** The builder against bytes worked out by hand, and against its own promises. Scapy is the independent judge (scapy.test.ts). */
import { expect, describe as group, test } from "vitest";
import {
  arp,
  build,
  ethernet,
  fragments,
  geneve,
  geneveOption,
  icmp,
  icmpv6,
  tcp,
  toHex,
  udp,
  vlan,
  vxlan,
} from "../kit/index.ts";
import "../kit/matchers.ts";

const client = tcp("10.0.0.7:40000", "10.1.0.1:80");

test("a SYN is these 54 bytes", () => {
  expect(toHex(client.syn().bytes)).toBe(
    "020000000002020000000001" +
      "0800" + // Ethernet
      "45000028000040004006" +
      "26c8" +
      "0a000007" +
      "0a010001" + // IPv4
      "9c400050" +
      "000003e8" +
      "00000000" +
      "5002faf0" +
      "0071" +
      "0000", // TCP
  );
});

group("a TCP conversation", () => {
  test("numbers both directions as a handshake does", () => {
    expect(client.syn()).toHaveFields({ "tcp.flags": "syn", "tcp.sequence": 1000, "tcp.acknowledgement": 0 });
    expect(client.reverse().synAck()).toHaveFields({
      "tcp.flags": "syn ack",
      "tcp.sequence": 5000,
      "tcp.acknowledgement": 1001,
    });
    expect(client.ack()).toHaveFields({ "tcp.sequence": 1001, "tcp.acknowledgement": 5001 });
    expect(client.payload("GET /")).toHaveFields({ "tcp.flags": "psh ack", "payload.bytes": "GET /" });
    expect(client.fin()).toHaveFields({ "tcp.flags": "fin ack" });
  });

  test("replies from the other end, at both layers", () => {
    expect(client.reply("200")).toHaveFields({
      "ethernet.source": "02:00:00:00:00:02",
      "ethernet.destination": "02:00:00:00:00:01",
      "ipv4.source": "10.1.0.1",
      "tcp.sourcePort": 80,
      "tcp.destinationPort": 40000,
      "payload.bytes": "200",
    });
  });

  test("keeps its overrides in both directions, MAC addresses with their end", () => {
    const far = client.with({ ttl: 3, sourceMac: "02:00:00:00:00:aa" }).with({ tcp: { window: 7 } });
    expect(far.syn()).toHaveFields({ "ipv4.ttl": 3, "ethernet.source": "02:00:00:00:00:aa", "tcp.window": 7 });
    expect(far.reply()).toHaveFields({ "ipv4.ttl": 3, "ethernet.destination": "02:00:00:00:00:aa", "tcp.window": 7 });
  });

  test("carries options, padded", () => {
    const syn = client.syn({
      options: [
        { kind: "mss", value: 1460 },
        { kind: "sackPermitted" },
        { kind: "timestamps", value: 7, echo: 0 },
        { kind: "nop" },
        { kind: "windowScale", shift: 7 },
      ],
    });
    expect(syn).toHaveFields({
      "tcp.headerLength": 40,
      "tcp.options": "mss 1460, sackPermitted, timestamps 7 echo 0, nop, windowScale 7",
    });
    expect(syn).toHaveValidChecksums();
    expect(client.syn({ options: [{ kind: "windowScale", shift: 2 }] })).toHaveFields({
      "tcp.options": "windowScale 2, end",
    });
  });
});

group("overrides", () => {
  test("change what they name; lengths and checksums follow", () => {
    const packet = client
      .syn()
      .with({ ttl: 3, dscp: 46, ecn: 1, source: "10.0.0.9:1", destination: "10.9.9.9", payload: "hello" });
    expect(packet).toHaveFields({
      "ipv4.ttl": 3,
      "ipv4.dscp": 46,
      "ipv4.ecn": 1,
      "ipv4.source": "10.0.0.9",
      "tcp.sourcePort": 1,
      "ipv4.destination": "10.9.9.9",
      "tcp.destinationPort": 80,
      "ipv4.totalLength": 45,
    });
    expect(packet).toHaveValidChecksums();
  });

  test("break checksums on demand", () => {
    expect(client.syn({ checksum: "wrong" })).not.toHaveValidChecksums();
    expect(client.syn({ checksum: "zero" })).toHaveFields({ "tcp.checksum": 0 });
    expect(client.syn({ headerChecksum: "wrong" })).not.toHaveValidChecksums();
    expect(udp("10.0.0.7:1", "10.1.0.1:2").payload("x", { checksum: "zero" })).toHaveValidChecksums();
    expect(udp("[::1]:1", "[::2]:2").payload("x", { checksum: "zero" })).not.toHaveValidChecksums();
  });

  test("of a layer the packet lacks are refused by name", () => {
    expect(() => client.syn({ vxlan: { vni: 1 } })).toThrow(/ZT9004.*no vxlan layer/);
    expect(() => client.syn({ destination: "2001:db8::1" })).toThrow(/ZT9003/);
    expect(() => client.syn({ inner: { ttl: 1 } })).toThrow(/no tunnel/);
  });

  test("do not touch the packet they start from", () => {
    const syn = client.syn();
    const before = toHex(syn.bytes);
    syn.with({ ttl: 1 });
    syn.vlan(7);
    expect(toHex(syn.bytes)).toBe(before);
  });
});

test("endpoints are told apart from addresses", () => {
  expect(() => tcp("10.0.0.7", "10.1.0.1:80")).toThrow(/ZT9002/);
  expect(() => tcp("10.0.0.7:70000", "10.1.0.1:80")).toThrow(/ZT9002/);
  expect(() => tcp("[2001:db8::1]:1", "10.1.0.1:80")).toThrow(/ZT9003/);
  expect(() => icmp("10.0.0.7:1", "10.1.0.1")).toThrow(/ZT9002/);
  expect(() => build({ kind: "ipv4", source: "10.0.0.300" })).toThrow(/ZT9001/);
});

group("link layer", () => {
  test("one tag, and a service tag before a customer's", () => {
    expect(client.syn().vlan(10)).toHaveFields({ "ethernet.type": 0x8100, "vlan.id": 10, "vlan.type": 0x0800 });
    const nested = vlan([{ id: 100, protocol: "802.1ad", priority: 5 }, 10], client.syn());
    expect(nested).toHaveFields({
      "ethernet.type": 0x88a8,
      "vlan.id": 100,
      "vlan.priority": 5,
      "vlan.type": 0x8100,
      "vlan[1].id": 10,
    });
    expect(nested).toHaveValidChecksums();
    expect(client.syn().vlan(10).vlan(100, { protocol: "802.1ad" }).with({ ttl: 9 })).toHaveFields({
      "ethernet.type": 0x88a8,
      "vlan[1].type": 0x0800,
      "ipv4.ttl": 9,
    });
  });

  test("ARP asks everyone and answers one", () => {
    expect(arp("10.0.0.1", "10.0.0.2").request()).toHaveFields({
      "ethernet.destination": "ff:ff:ff:ff:ff:ff",
      "arp.operation": 1,
      "arp.senderAddress": "10.0.0.1",
      "arp.targetAddress": "10.0.0.2",
    });
    expect(arp("10.0.0.1", "10.0.0.2").reply()).toHaveFields({ "arp.operation": 2, "arp.senderAddress": "10.0.0.2" });
  });

  test("any EtherType, any content", () => {
    expect(ethernet({ type: 0x8847 }, "label")).toHaveFields({ "ethernet.type": 0x8847, "payload.bytes": "label" });
  });
});

group("IPv6", () => {
  const v6 = tcp("[2001:db8::7]:40000", "[2001:db8:1::1]:80");

  test("carries extension headers in the order given", () => {
    const packet = v6.syn({
      extensions: [
        { kind: "hopByHop", options: [{ kind: "routerAlert", value: 0 }] },
        { kind: "routing", addresses: ["2001:db8::aa", "2001:db8::bb"] },
        { kind: "fragment", identification: 9 },
        { kind: "destinationOptions", options: [{ kind: "other", type: 30, data: Uint8Array.of(1, 2, 3) }] },
      ],
    });
    expect(packet.layers.map((layer) => layer.kind).join(" ")).toBe(
      "ethernet ipv6 hopByHop routing fragment destinationOptions tcp",
    );
    expect(packet).toHaveFields({
      "ipv6.nextHeader": 0,
      "routing.headerLength": 40,
      "destinationOptions.nextHeader": 6,
    });
    expect(packet).toHaveValidChecksums();
  });

  test("is checked against the final destination of a route", () => {
    const routed = v6.syn({ extensions: [{ kind: "routing", addresses: ["2001:db8::aa"], segmentsLeft: 1 }] });
    const arrived = v6.syn({ extensions: [{ kind: "routing", addresses: ["2001:db8::aa"], segmentsLeft: 0 }] });
    expect(routed.layer("tcp").checksum).toBe(v6.with({ destination: "2001:db8::aa" }).syn().layer("tcp").checksum);
    expect(arrived.layer("tcp").checksum).toBe(v6.syn().layer("tcp").checksum);
  });

  test("hop limit is the ttl of IPv6", () => {
    expect(v6.syn({ ttl: 1 })).toHaveFields({ "ipv6.hopLimit": 1 });
  });
});

group("tunnels", () => {
  const ends = { from: "192.0.2.1", to: "192.0.2.2", vni: 7 };
  const options = [geneveOption(0x0102, 0x81, Uint8Array.of(0, 0x11, 0x22, 0x33))];

  test("VXLAN and Geneve wrap a whole frame, with checksums at every level", () => {
    const outer = vxlan(client.payload("hello").vlan(5), ends);
    expect(outer).toHaveFields({
      "udp.destinationPort": 4789,
      "vxlan.vni": 7,
      "vxlan.flags": 8,
      "inner.vlan.id": 5,
      "inner.payload.bytes": "hello",
    });
    expect(outer).toHaveValidChecksums();
    const twice = geneve(outer, { ...ends, vni: 9, options });
    expect(twice).toHaveFields({
      "geneve.vni": 9,
      "geneve.critical": true,
      "geneve.options": "option 258 type 129 data 00112233",
      "inner.vxlan.vni": 7,
      "inner.inner.tcp.destinationPort": 80,
    });
    expect(twice).toHaveValidChecksums();
    expect(twice.inner()).toEqualPacket(outer);
  });

  test("overrides reach the outer headers, `inner` the packet in the tunnel", () => {
    const packet = geneve(client.syn(), ends).with({ ttl: 9, inner: { ttl: 8, destination: "10.3.3.3:81" } });
    expect(packet).toHaveFields({
      "ipv4.ttl": 9,
      "inner.ipv4.ttl": 8,
      "inner.ipv4.destination": "10.3.3.3",
      "inner.tcp.destinationPort": 81,
    });
    expect(packet).toHaveValidChecksums();
  });

  test("carry broken packets unmended", () => {
    const broken = client.syn().truncate(30);
    expect(vxlan(broken, ends).inner()).toEqualPacket(broken);
    expect(geneve(broken, ends).inner()).toEqualPacket(broken);
  });
});

group("ICMP", () => {
  test("errors quote the packet they are about", () => {
    const error = icmp("10.9.0.1", "10.0.0.7").fragmentationNeeded(client.payload("x".repeat(900)), 1400);
    expect(error).toHaveFields({
      "icmp.type": 3,
      "icmp.code": 4,
      "icmp.mtu": 1400,
      "original.tcp.sourcePort": 40000,
      "ipv4.totalLength": 576,
    });
    expect(error).toHaveValidChecksums();
    const v6 = udp("[2001:db8::7]:1", "[2001:db8::1]:2").payload("x");
    expect(icmpv6("2001:db8::9", "2001:db8::7").packetTooBig(v6, 1280)).toHaveFields({
      "icmpv6.mtu": 1280,
      "original.udp.destinationPort": 2,
    });
  });

  test("echo and neighbour discovery", () => {
    expect(icmp("10.0.0.7", "10.1.0.1").echo({ sequence: 4 })).toHaveFields({ "icmp.type": 8, "icmp.sequence": 4 });
    expect(icmp("10.0.0.7", "10.1.0.1").echoReply()).toHaveFields({ "icmp.type": 0, "ipv4.source": "10.1.0.1" });
    expect(icmpv6("fe80::1", "ff02::1:ff00:2").neighbourSolicitation("fe80::2")).toHaveFields({
      "ipv6.hopLimit": 255,
      "icmpv6.target": "fe80::2",
      "icmpv6.options": "sourceLinkAddress 02:00:00:00:00:01",
    });
  });
});

group("fragments", () => {
  test.each([
    ["10.0.0.7:1", "10.1.0.1:2"],
    ["[2001:db8::7]:1", "[2001:db8::1]:2"],
  ])("of %s put together are the datagram", (source, destination) => {
    const whole = udp(source, destination).payload("0123456789".repeat(9));
    const parts = fragments(whole, { size: 30, identification: 77 });
    expect(parts).toHaveLength(5);
    const six = source.startsWith("[");
    const start = six ? 14 + 40 + 8 : 14 + 20;
    const joined = parts.flatMap((part) => [...part.bytes.subarray(start)]);
    expect(joined).toEqual([...whole.bytes.subarray(six ? 54 : 34)]);
    expect(parts[1]).toHaveFields(
      six
        ? { "fragment.offset": 24, "fragment.moreFragments": true }
        : { "ipv4.fragmentOffset": 24, "ipv4.moreFragments": true },
    );
    expect(parts[4]).toHaveFields(six ? { "fragment.moreFragments": false } : { "ipv4.moreFragments": false });
  });
});
