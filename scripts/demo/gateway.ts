/** What the demo needs of whatever balances on the gateway. */
import type { Backend, DemoNetwork } from "./network.ts";

export interface GatewayCounters {
  /** Connections sent to each backend since the gateway started, by the backend's name. */
  readonly opened: ReadonlyMap<string, number>;
  /** Packets that the rules refused. */
  readonly refused: number;
}

export interface Gateway extends AsyncDisposable {
  readonly describes: string;
  counters(): Promise<GatewayCounters>;
  /** Where new connections go from now on. Connections that run stay where they are. */
  useBackends(backends: readonly Backend[]): Promise<void>;
  /** Which sources are refused from now on, as addresses. */
  refuse(sources: readonly string[]): Promise<void>;
}

export type StartGateway = (network: DemoNetwork) => Promise<Gateway>;
