/** `switch`: groups of labels, default anywhere, known and unknown subjects. */
import { calculates } from "./harness.ts";

calculates(
  "groups share a body, and default stands for the rest wherever it is written",
  {
    input: { a: "u16" },
    output: { x: "u8", y: "u8" },
    body: `
  switch (input.a) {
    case 1:
    case 2:
      output.x = 12;
      break;
    case EtherType.Ipv6:
      output.x = 6;
      break;
    default:
      output.x = 99;
      break;
    case 7:
      output.x = 7;
  }
  let y = 0;
  switch (input.a & 3) {
    case 0:
      y = 10;
      break;
    case 1: {
      const twice = y + 20;
      y = twice;
      break;
    }
  }
  output.y = u8(y);`,
  },
  [
    { input: { a: 1 }, output: { x: 12, y: 20 } },
    { input: { a: 2 }, output: { x: 12, y: 0 } },
    { input: { a: 0x86dd }, output: { x: 6, y: 20 } },
    { input: { a: 7 }, output: { x: 7, y: 0 } },
    { input: { a: 8 }, output: { x: 99, y: 10 } },
  ],
);

calculates(
  "a switch in a loop: break leaves the switch, continue the round, return the function",
  {
    input: { a: "u8" },
    output: { x: "u32" },
    module: `
const walk = (a: u8) => {
  let x = 0;
  for (let i = 0; i < 5; i++) {
    switch (i) {
      case 1:
        continue;
      case 3:
        if (a === 3) return 300;
        break;
      default:
        x += 100;
    }
    x++;
  }
  return x;
};`,
    body: "  output.x = walk(input.a);",
  },
  [
    { input: { a: 3 }, output: { x: 300 } },
    { input: { a: 4 }, output: { x: 304 } },
  ],
);

calculates(
  "subjects of every width, and strings known while compiling",
  {
    input: { a: "u64", b: "i32", c: "mac" },
    output: { a: "u8", b: "u8", c: "u8", d: "u8" },
    module: `
const level = (name: "low" | "high") => {
  switch (name) {
    case "low":
      return 1;
    case "high":
      return 2;
  }
};`,
    body: `
  switch (input.a) {
    case 0xffff_ffff_ffff_ffffn:
      output.a = 1;
      break;
    case 5n:
      output.a = 2;
      break;
    default:
      output.a = 3;
  }
  switch (input.b) {
    case -1:
      output.b = 1;
      break;
    case 1:
      output.b = 2;
      break;
    default:
      output.b = 3;
  }
  switch (input.c) {
    case mac("01:02:03:04:05:06"):
      output.c = 1;
      break;
    default:
      output.c = 2;
  }
  output.d = u8(level("low") * 10 + level("high"));`,
  },
  [
    { input: { a: (1n << 64n) - 1n, b: -1, c: 0x010203040506n }, output: { a: 1, b: 1, c: 1, d: 12 } },
    { input: { a: 5n, b: 1, c: 1n }, output: { a: 2, b: 2, c: 2, d: 12 } },
    { input: { a: 0xffff_ffffn, b: 7, c: 1n }, output: { a: 3, b: 3, c: 2, d: 12 } },
  ],
);
