/** IPv4 addresses in IPv6 ones: the examples of RFC 6052 section 2.4, there and back, on both targets. */
import { expect } from "vitest";
import { udp } from "../kit/index.ts";
import { onTargets } from "./harness.ts";

const EXAMPLES = [
  ["2001:db8::", 32, "2001:db8:c000:221::"],
  ["2001:db8:100::", 40, "2001:db8:1c0:2:21::"],
  ["2001:db8:122::", 48, "2001:db8:122:c000:2:2100::"],
  ["2001:db8:122:300::", 56, "2001:db8:122:3c0:0:221::"],
  ["2001:db8:122:344::", 64, "2001:db8:122:344:c0:2:2100::"],
  ["2001:db8:122:344::", 96, "2001:db8:122:344::192.0.2.33"],
  ["64:ff9b::", 96, "64:ff9b::192.0.2.33"],
] as const;

for (const [prefix, length, whole] of EXAMPLES)
  onTargets(
    `192.0.2.33 in ${prefix}/${length}`,
    `import { Action, address, embedded, ipv4Header, program, unembedded } from "zeta/bpf";
export default program("embedding", (frame) => {
  const ip = frame.cursor(14).take(ipv4Header);
  if (ip === null) return Action.Aborted;
  const made = embedded(address("${prefix}"), ip.source, ${length});
  if (made !== address("${whole}")) return Action.Drop;
  return unembedded(made, ${length}) === ip.source ? Action.Pass : Action.Drop;
});`,
    async (running) => {
      const [is, isNot] = await running.run(
        udp("192.0.2.33:1", "10.0.0.1:2").payload(""),
        udp("192.0.2.34:1", "10.0.0.1:2").payload(""),
      );
      expect([is?.verdict, isNot?.verdict]).toEqual(["pass", "drop"]);
    },
  );
