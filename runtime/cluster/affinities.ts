/**
 * What forwarders and heads are told of services: which ends of a packet name the bucket of its flow (bpf-lib/table/affinity.ts), and
 * whether it may answer another service's flow (docs/decisions/0102-answers-are-sought-first.md).
 */
import type { Manifest } from "../../compiler/bundle/manifest.ts";

type Service = NonNullable<Manifest["service"]>;
interface Placed {
  readonly service: Service;
  readonly vni: number;
}

const AFFINITY = { client: 0, both: 1, source: 2 } as const;
/** Beside that. */
const TAKES_ANSWERS = 4;

/** A service that sees all packets sees both directions of its flows; of one with pools, a port leads to where its flow stands. */
const affinityOf = ({ listen, config }: Service): number => {
  if (listen !== null) return AFFINITY.client;
  return config.some(({ kind }) => kind === "portPool") ? AFFINITY.source : AFFINITY.both;
};

/** Whether packets of a network may be answers to a service of this one: those of what it delivers come from anywhere. */
const answersIn = (vni: number, { service: { listen, decide, endpoints }, vni: own }: Placed): boolean =>
  listen !== null && decide !== null && (own === vni || endpoints !== null);

export interface Affinities {
  /** A service of this index has come, in a network, before packets reach it; or it is another version. */
  service(index: number, service: Service, vni: number): void;
  /** It has gone. */
  withdraw(index: number): void;
}

/** `write` is called for what differs from before: what a service is told depends on those beside it. */
export function affinitiesOf(write: (index: number, affinity: number) => void): Affinities {
  const services = new Map<number, Placed>();
  const written = new Map<number, number>();
  const tell = (): void => {
    for (const [index, { service, vni }] of services) {
      const takesAnswers = service.listen === null && [...services.values()].some((other) => answersIn(vni, other));
      const affinity = affinityOf(service) | (takesAnswers ? TAKES_ANSWERS : 0);
      if (written.get(index) === affinity) continue;
      written.set(index, affinity);
      write(index, affinity);
    }
  };
  return {
    service(index, service, vni) {
      services.set(index, { service, vni });
      tell();
    },
    withdraw(index) {
      services.delete(index);
      written.delete(index);
      tell();
    },
  };
}
