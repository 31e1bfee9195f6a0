/** What the access list promises. */
import { describe, expect, test } from "vitest";
import { tcp, udp } from "zeta/testing";
import { onEveryTarget } from "zeta/testing/vitest";

const service = new URL("./service.ts", import.meta.url);
const config = {
  "acl.rules": { "10.0.0.0/8": { from: 80, to: 443 } },
  "acl.perSecond": 1000,
  "acl.burst": 100,
};

describe("rules", () => {
  onEveryTarget(
    service,
    (target) => {
      test("what a rule allows passes, and is counted", async () => {
        const [syn, get] = await target.run(
          tcp("10.0.0.7:40000", "10.1.0.1:80").syn(),
          udp("10.0.0.7:40000", "10.1.0.1:443").payload("hello"),
        );
        expect(syn).toHaveVerdict("pass");
        expect(get).toHaveVerdict("pass");
        expect(target.counters()).toEqual({ "acl.allowed": 2n });
        expect(target.drops()).toEqual({});
      });
    },
    { config },
  );
});
