/** What TypeScript itself tells authors of the middlebox layer: checked by `npm run types`. */
import { expect, expectTypeOf, test } from "vitest";
import {
  address,
  answer,
  type Binding,
  binding,
  type Decision,
  endpoint,
  middlebox,
  pass,
  pending,
  portPool,
  rateLimiter,
  route,
  secret,
  u16,
  type Verdict,
} from "../../sdk/index.ts";

/** As plain JavaScript, the SDK's calls say where they run. */
const onlyCompiled = (declare: () => unknown): void => expect(declare).toThrow(/runs only in a compiled program/);

test("pools, secrets and bindings in hooks", () => {
  onlyCompiled(() =>
    middlebox("box", {
      config: { pool: portPool({ max: 4, mapping: "per-endpoint" }), key: secret() },
      state: {
        homes: binding({ key: address, of: endpoint, max: 4 }),
        ports: binding({ key: { client: address }, of: { port: u16 }, max: 4 }),
        tokens: rateLimiter({ key: address, max: 4, scope: "service" }),
      },
      filter(packet, { config, state }) {
        expectTypeOf(config.key.hash(packet.source, 1, true)).toExtend<bigint>();
        expectTypeOf(config.pool.has(packet.source)).toEqualTypeOf<boolean>();
        // @ts-expect-error a limit names both its rate and its burst
        state.tokens.allow(packet.source, { perSecond: 1n });
        // @ts-expect-error text is not hashed
        config.key.hash("text");
        return pass();
      },
      decide(flow, { config, state }) {
        // @ts-expect-error other state is not for decisions
        state.tokens;
        // @ts-expect-error what is bound is read only
        (state.homes.get(flow.source) as NonNullable<ReturnType<typeof state.homes.get>>).port = 5;
        // @ts-expect-error the value has another shape
        state.ports.bind(flow.forward(), { client: flow.source }, { address: flow.source });
        // @ts-expect-error a pool is no address
        flow.rewrite({ source: { address: config.pool, port: 5 } });
        expectTypeOf(state.ports.get({ client: flow.source })?.port).toExtend<number | undefined>();
        return state.homes.bind(flow.rewrite({ source: config.pool, destination: config.pool }), flow.source, {
          address: flow.source,
          port: 5,
        });
      },
      complete(flow) {
        expectTypeOf(flow.note).toExtend<number>();
        // @ts-expect-error a shift is named
        flow.complete(5);
        // @ts-expect-error it was decided where it goes
        flow.forward();
        return flow.wait();
      },
    }),
  );
  // @ts-expect-error a mapping is one of two
  onlyCompiled(() => portPool({ max: 4, mapping: "random" }));
  // @ts-expect-error a limiter says whose it is
  onlyCompiled(() => rateLimiter({ key: address, max: 4 }));
  // @ts-expect-error a flow that waits does not begin to wait
  onlyCompiled(() => middlebox("box", { complete: () => pending(null as never, { note: 0, mss: 0 }) }));
  // @ts-expect-error a verdict of a filter is no decision
  onlyCompiled(() => middlebox("box", { decide: () => pass() }));
});

test("verdicts and decisions", () => {
  expectTypeOf(answer).returns.toEqualTypeOf<Verdict>();
  expectTypeOf(route).returns.toEqualTypeOf<Verdict>();
  expectTypeOf(pending).returns.toEqualTypeOf<Decision>();
  expectTypeOf<Binding<number, number>["bind"]>().returns.toEqualTypeOf<Decision>();
  expect(() => answer(null as never)).toThrow(/runs only in a compiled program/);
  expect(() => pending(null as never, { note: 0, mss: 0 })).toThrow(/runs only in a compiled program/);
  expect(() => route(null as never, { vni: 0, address: 0n })).toThrow(/runs only in a compiled program/);
});
