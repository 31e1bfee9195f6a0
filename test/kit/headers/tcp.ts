/** TCP with options (RFC 9293, RFC 7323, RFC 2018). */
import { concat, get8, get16, get32, padded, u16, u32 } from "../bytes.ts";
import { chosenChecksum } from "../checksum.ts";
import { TCP_FLAGS } from "../packet/layers.ts";
import type { TcpOption } from "../packet/options.ts";
import { type Codec, needs, PROTOCOL } from "./codec.ts";
import { transportChecksum } from "./transport.ts";

function optionBytes(option: TcpOption): number[] {
  switch (option.kind) {
    case "end":
      return [0];
    case "nop":
      return [1];
    case "mss":
      return [2, 4, ...u16(option.value)];
    case "windowScale":
      return [3, 3, option.shift];
    case "sackPermitted":
      return [4, 2];
    case "sack":
      return [5, 2 + 8 * option.blocks.length, ...option.blocks.flatMap(({ from, to }) => [...u32(from), ...u32(to)])];
    case "timestamps":
      return [8, 10, ...u32(option.value), ...u32(option.echo)];
    case "other":
      return [option.type, 2 + option.data.length, ...option.data];
    case "malformed":
      return [...option.data];
  }
}

function readOption(type: number, data: Uint8Array): TcpOption {
  if (type === 2 && data.length === 2) return { kind: "mss", value: get16(data, 0) };
  if (type === 3 && data.length === 1) return { kind: "windowScale", shift: get8(data, 0) };
  if (type === 4 && data.length === 0) return { kind: "sackPermitted" };
  if (type === 8 && data.length === 8) return { kind: "timestamps", value: get32(data, 0), echo: get32(data, 4) };
  if (type === 5 && data.length > 0 && data.length % 8 === 0) {
    const block = (_: unknown, i: number) => ({ from: get32(data, 8 * i), to: get32(data, 8 * i + 4) });
    return { kind: "sack", blocks: Array.from({ length: data.length / 8 }, block) };
  }
  return { kind: "other", type, data };
}

function readOptions(bytes: Uint8Array): TcpOption[] {
  const options: TcpOption[] = [];
  for (let at = 0; at < bytes.length; ) {
    const type = get8(bytes, at);
    const length = type <= 1 ? 1 : (bytes[at + 1] ?? 0);
    const rest = bytes.subarray(at);
    if (type === 0 && rest.every((byte) => byte === 0)) options.push({ kind: "end" });
    else if (type === 1) options.push({ kind: "nop" });
    else if (type === 0 || length < 2 || length > rest.length) return [...options, { kind: "malformed", data: rest }];
    else options.push(readOption(type, rest.subarray(2, length)));
    at += length;
  }
  return options;
}

export const tcp: Codec<"tcp"> = {
  computed: ["headerLength", "checksum"],
  encode(spec, { payload, outer }) {
    const options = padded((spec.options ?? []).flatMap(optionBytes), 4);
    const flags = (spec.flags ?? []).reduce((bits, flag) => bits | (1 << TCP_FLAGS.indexOf(flag)), 0);
    const units = (spec.headerLength ?? 20 + options.length) >> 2;
    const segment = concat(
      u16(spec.sourcePort ?? 0),
      u16(spec.destinationPort ?? 0),
      u32(spec.sequence ?? 0),
      u32(spec.acknowledgement ?? 0),
      u16((units << 12) | ((spec.reserved ?? 0) << 9) | flags),
      u16(spec.window ?? 64240),
      [0, 0],
      u16(spec.urgentPointer ?? 0),
      options,
      payload,
    );
    segment.set(u16(chosenChecksum(spec.checksum, transportChecksum(outer, PROTOCOL.tcp, segment))), 16);
    return segment;
  },
  decode(bytes) {
    if (bytes.length < 20) return needs(20, bytes);
    const word = get16(bytes, 12);
    const headerLength = (word >> 12) * 4;
    if (headerLength < 20) return { stop: `has a header length of ${headerLength} bytes` };
    if (bytes.length < headerLength) return needs(headerLength, bytes);
    return {
      layer: {
        kind: "tcp",
        sourcePort: get16(bytes, 0),
        destinationPort: get16(bytes, 2),
        sequence: get32(bytes, 4),
        acknowledgement: get32(bytes, 8),
        headerLength,
        reserved: (word >> 9) & 7,
        flags: TCP_FLAGS.filter((_, bit) => (word & (1 << bit)) !== 0),
        window: get16(bytes, 14),
        checksum: get16(bytes, 16),
        urgentPointer: get16(bytes, 18),
        options: readOptions(bytes.subarray(20, headerLength)),
      },
      headerSize: headerLength,
      payload: bytes.subarray(headerLength),
      next: null,
      missing: 0,
    };
  },
};
