/**
 * Active health checks: backends that do not answer are taken out of a service's config, and put back when they do. What
 * becomes of their flows is the service's own word (`holds`).
 *
 * ```ts
 * await using checks = healthChecks({ service, path: "balancer.backends", http: { path: "/health" }, every: 2000 });
 * ```
 */
import { setTimeout as pause } from "node:timers/promises";
import { nameOf, placeOf } from "./backends.ts";
import { type HttpCheck, httpProbe, type Place, tcpProbe } from "./probe.ts";

export interface HealthChange {
  /** `"10.2.0.1:80"` */
  readonly backend: string;
  readonly healthy: boolean;
  /** What was wrong at last; null when it is healthy again. */
  readonly reason: string | null;
}

export interface HealthCheckOptions {
  readonly service: { readonly config: { get(path: string): unknown; set(path: string, value: unknown): void } };
  /** A `maglev` field of endpoints. Its backends when the checks begin are those that are checked, and count as healthy. */
  readonly path: string;
  /** Asks by HTTP; a TCP connection is enough unless told. From this process's own network namespace. */
  readonly http?: HttpCheck;
  /** Milliseconds between two looks at a backend; 1000 unless told. */
  readonly every?: number;
  /** Milliseconds that a look may take; `every` unless told. */
  readonly timeout?: number;
  /** Bad looks, one after the other, that take a backend out, 3 unless told; and good ones that bring it back, 2. */
  readonly fall?: number;
  readonly rise?: number;
  /** Called after the config has changed. */
  readonly onChange?: (change: HealthChange) => void;
}

export interface HealthChecks extends AsyncDisposable {
  /** By `"10.2.0.1:80"`. */
  readonly healthy: ReadonlyMap<string, boolean>;
  /** Settles when the checks are over; rejects when the config could not be changed, or `onChange` threw. */
  readonly ended: Promise<void>;
  /** Ends the checks; the config stays as it is. The same as `close` of a service: safe to call twice. */
  close(): Promise<void>;
}

/** To change the backends that are checked, close, set the config, and begin again. @throws TypeError when the field holds no endpoints. */
export function healthChecks(options: HealthCheckOptions): HealthChecks {
  const { service, path, every = 1000, timeout = every, fall = 3, rise = 2, onChange } = options;
  const given = service.config.get(path);
  if (!Array.isArray(given)) throw new TypeError(`'${path}' holds no list of backends`);
  const backends = given.map((entry: unknown) => ({ entry, place: placeOf(entry) }));
  const healthy = new Map(backends.map(({ place }) => [nameOf(place), true]));
  const probe = options.http === undefined ? tcpProbe : httpProbe(options.http);
  const stop = new AbortController();
  const { signal } = stop;

  const change = (backend: string, to: boolean, reason: string | null): void => {
    healthy.set(backend, to);
    const left = backends.filter(({ place }) => healthy.get(nameOf(place)));
    service.config.set(
      path,
      left.map(({ entry }) => entry),
    );
    onChange?.({ backend, healthy: to, reason });
  };

  const watch = async (place: Place): Promise<void> => {
    const name = nameOf(place);
    /** Looks in a row that say otherwise than what is believed. */
    let against = 0;
    while (!signal.aborted) {
      const wrong = await probe(place, timeout, signal);
      if (signal.aborted) return;
      const believed = healthy.get(name) === true;
      against = (wrong === null) === believed ? 0 : against + 1;
      if (against >= (believed ? fall : rise)) {
        against = 0;
        change(name, !believed, wrong);
      }
      await pause(every, undefined, { signal }).catch(() => undefined); // ended early by `close`
    }
  };
  const ended = Promise.all(backends.map(({ place }) => watch(place)))
    .finally(() => stop.abort())
    .then(() => undefined);
  const close = (): Promise<void> => {
    stop.abort();
    return ended;
  };
  return { healthy, ended, close, [Symbol.asyncDispose]: close };
}
