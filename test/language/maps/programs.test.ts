/** Tail calls and redirection by maps. */
import { expect } from "vitest";
import { onTargets, packetOf, verdicts } from "../harness.ts";

onTargets(
  "a tail call goes on in another program with the same packet; an empty slot comes back",
  `
const stages = map.programs({ max: 4 });
export const root = program("root", (frame) => {
  const n = frame.cursor(14).take(header({ n: u8 }));
  if (n === null) return Action.Drop;
  n.n++;
  stages.call(n.n);
  return Action.Pass;
});
export const second = program("second", (frame) => {
  const n = frame.cursor(14).take(header({ n: u8 }));
  if (n === null) return Action.Drop;
  n.n = 77;
  return Action.Transmit;
});
export const again = program("again", (frame) => {
  const n = frame.cursor(14).take(header({ n: u8, calls: u8 }));
  if (n === null) return Action.Drop;
  n.calls++;
  stages.call(3);
  return Action.Redirect;
});`,
  async (running) => {
    running.map("stages").jump(1, "second");
    running.map("stages").jump(3, "again");
    const outcomes = await running.run(packetOf(0, 0), packetOf(1, 0), packetOf(9, 0));
    expect(verdicts(outcomes)).toEqual(["transmit", "pass", "pass"]);
    expect(outcomes.map(({ packet }) => packet.bytes[14])).toEqual([77, 2, 10]);
    const [chain] = await running.run(packetOf(2, 0));
    expect(chain?.packet.bytes[15]).toBe(33);
  },
  { program: "root" },
);

onTargets(
  "a subprogram that a tail call leaves gives the other program's action, whatever it would give itself",
  `
const stages = map.programs({ max: 4 });
export const second = program("second", () => Action.Transmit);
const results = header({ fixed: u32, given: u32, narrow: u8, wide: u64, either: u8, after: u8 });
const fixed = subprogram("fixed", (): u32 => { stages.call(1); return Action.Pass; });
const given = subprogram("given", (n: u32): u32 => { stages.call(1); return n; });
const narrow = subprogram("narrow", (): u8 => { stages.call(1); return 7; });
const wide = subprogram("wide", (): u64 => { stages.call(1); return 0x1_0000_0000n; });
const either = subprogram("either", (): boolean => { stages.call(1); return true; });
const none = subprogram("none", (): void => { stages.call(1); });
export const root = program("root", (frame) => {
  const a = fixed();
  const b = given(99);
  const c = narrow();
  const d = wide();
  const e = either();
  none();
  const to = frame.cursor(14).take(results);
  if (to === null) return Action.Drop;
  to.fixed = a;
  to.given = b;
  to.narrow = c;
  to.wide = d;
  to.either = e ? 1 : 0;
  to.after = 1;
  return Action.Pass;
});`,
  async (running) => {
    const packet = new Uint8Array(14 + 19);
    const [empty] = await running.run(packet);
    const own = [0, 0, 0, 2, 0, 0, 0, 99, 7, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1];
    expect([...(empty?.packet.bytes.subarray(14) ?? [])]).toEqual(own);
    running.map("stages").jump(1, "second");
    const [left] = await running.run(packet);
    const others = [0, 0, 0, 3, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 3, 1, 1];
    expect([...(left?.packet.bytes.subarray(14) ?? [])]).toEqual(others);
  },
  { program: "root" },
);

onTargets(
  "redirection: to an interface, by each map, and the fallback where there is no entry",
  `
const devices = map.devmap({ max: 4 });
const hashed = map.devmapHash({ max: 4 });
const cpus = map.cpumap({ max: 4 });
export default program("redirecting", (frame) => {
  const n = frame.cursor(14).take(u8);
  if (n === null) return Action.Drop;
  switch (n) {
    case 0:
      return redirect(1);
    case 1:
      return devices.redirect(0);
    case 2:
      return devices.redirect(0, Action.Pass);
    case 3:
      return hashed.redirect(7, Action.Transmit);
    case 4:
      return cpus.redirect(3, Action.Drop);
    default:
      return devices.redirect(1, Action.Pass);
  }
});`,
  async (running) => {
    running.map("devices").set(1, 1);
    const outcomes = await running.run(...[0, 1, 2, 3, 4, 5].map((n) => packetOf(n)));
    expect(verdicts(outcomes)).toEqual(["redirect", "aborted", "pass", "transmit", "drop", "redirect"]);
  },
);
