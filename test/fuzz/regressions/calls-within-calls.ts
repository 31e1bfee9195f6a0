/** A chain of eleven calls, a callback among them: the kernel has frames for eight. */
import { loop, program, subprogram, type u32, u64, variable } from "zeta/bpf";

const seen = variable(u64, 0n);

const deep9 = subprogram("deep9", (a: u32, b: u32): u32 => {
  let total = a;
  for (let i = 0; i < 3; i++) {
    if (total > b) return total ^ 9;
    total += b;
  }
  seen.value += 1n;
  return total * 3;
});
const deep8 = subprogram("deep8", (a: u32, b: u32): u32 => {
  let total = a;
  for (let i = 0; i < 3; i++) {
    if (total > b) return total ^ 8;
    total += b;
  }
  return deep9(total, b + 8) + 8;
});
const deep7 = subprogram("deep7", (a: u32, b: u32): u32 => {
  let total = a;
  for (let i = 0; i < 3; i++) {
    if (total > b) return total ^ 7;
    total += b;
  }
  return deep8(total, b + 7) + 7;
});
const deep6 = subprogram("deep6", (a: u32, b: u32): u32 => {
  let total = a;
  for (let i = 0; i < 3; i++) {
    if (total > b) return total ^ 6;
    total += b;
  }
  return deep7(total, b + 6) + 6;
});
const deep5 = subprogram("deep5", (a: u32, b: u32): u32 => {
  let total = a;
  for (let i = 0; i < 3; i++) {
    if (total > b) return total ^ 5;
    total += b;
  }
  return deep6(total, b + 5) + 5;
});
const deep4 = subprogram("deep4", (a: u32, b: u32): u32 => {
  let total = a;
  for (let i = 0; i < 3; i++) {
    if (total > b) return total ^ 4;
    total += b;
  }
  return deep5(total, b + 4) + 4;
});
const deep3 = subprogram("deep3", (a: u32, b: u32): u32 => {
  let total = a;
  for (let i = 0; i < 3; i++) {
    if (total > b) return total ^ 3;
    total += b;
  }
  return deep4(total, b + 3) + 3;
});
const deep2 = subprogram("deep2", (a: u32, b: u32): u32 => {
  let total = a;
  for (let i = 0; i < 3; i++) {
    if (total > b) return total ^ 2;
    total += b;
  }
  return deep3(total, b + 2) + 2;
});
const deep1 = subprogram("deep1", (a: u32, b: u32): u32 => {
  let total = a;
  for (let i = 0; i < 3; i++) {
    if (total > b) return total ^ 1;
    total += b;
  }
  return deep2(total, b + 1) + 1;
});

export const calling = program("calling", (frame) => {
  let sum = 0;
  loop(2, () => {
    sum += deep1(frame.length, 7) + deep1(3, sum);
  });
  return sum % 5;
});
