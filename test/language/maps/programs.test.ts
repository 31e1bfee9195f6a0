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
