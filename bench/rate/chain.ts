/**
 * A cluster in the place of the gateway: its forwarder, and behind it a chain of up to three flow-table nodes, each in a namespace of
 * its own, each cabled to all others. Native XDP everywhere, all on one CPU.
 */

import type { Neighbour } from "../../runtime/cluster/data-plane.ts";
import { attach, type LoadedProgram, type Namespace } from "../../runtime/index.ts";
import { addressOf, openSide, type Place, type Served, type Side } from "../measure/cluster/sides.ts";
import { type Device, device, type Network, PORT, SERVER, VIRTUAL } from "./network.ts";

const MOST = 3;
/** Flows that every node has room for. */
const ROOM = 2 ** 18;
const SERVED: Served = {
  listen: [`${VIRTUAL}:${PORT}/udp`, `${VIRTUAL}:${PORT}/tcp`],
  backends: [`${SERVER}:${PORT}`],
};

/** An end of a cable: whose it is, and where it leads. */
interface End extends Device {
  readonly of: number;
  readonly to: number;
}

interface Stand {
  readonly id: number;
  readonly namespace: Namespace;
}

/** Both its ends, each with a program that the other's frames can be handed to. */
async function cable({ lab }: Network, one: Stand, other: Stand): Promise<readonly [End, End]> {
  const [there, back] = [`to${other.id}`, `to${one.id}`];
  await lab.connect(
    { namespace: one.namespace, interface: there },
    { namespace: other.namespace, interface: back },
    { mtu: 2000 },
  );
  return [
    { ...(await device(one.namespace, there)), of: one.id, to: other.id },
    { ...(await device(other.namespace, back)), of: other.id, to: one.id },
  ];
}

export interface Chain extends AsyncDisposable {
  readonly forwarder: Side;
  readonly single: Side;
  /** From now on flows are kept by so many nodes. */
  keptBy(length: number): void;
  empty(): void;
  /** The gateway is the forwarder, or a node by itself, until what is given is disposed. */
  stand(side: Side): Promise<AsyncDisposable>;
  /** All nodes of a chain so long hand on to the next what comes, and do nothing else, until what is given is disposed. */
  relay(length: number): Promise<AsyncDisposable>;
}

/** Needs root. What it adds to the network goes with that. */
export async function openChain(network: Network): Promise<Chain> {
  await using opening = new AsyncDisposableStack();
  const stands: Stand[] = [{ id: 1, namespace: network.gateway }];
  for (let place = 1; place <= MOST; place++)
    stands.push({ id: place + 1, namespace: await network.lab.namespace(`table${place}`) });
  const [gateway, ...tables] = stands as [Stand, ...Stand[]];
  const ends: End[] = [];
  for (const [index, one] of stands.entries())
    for (const other of stands.slice(index + 1)) ends.push(...(await cable(network, one, other)));
  const end = (of: number, to: number): End => {
    const found = ends.find((one) => one.of === of && one.to === to);
    if (found === undefined) throw new RangeError(`No cable leads from ${of} to ${to}.`);
    return found;
  };
  const ofNode = (id: number): readonly End[] => ends.filter(({ of }) => of === id);
  const placeOf = (id: number): Omit<Place, "role"> => ({
    id,
    flows: ROOM,
    serves: SERVED,
    forEver: false,
    sides: ofNode(id).map(({ ifindex }) => ifindex),
    neighbours: ofNode(id).map(
      ({ ifindex, address, to }): Neighbour => ({
        id: to,
        address: addressOf(to),
        interface: ifindex,
        destination: end(to, id).address,
        source: address,
      }),
    ),
  });
  const forwarder = opening.use(await openSide({ role: "forwarder", ...placeOf(gateway.id) }));
  const single = opening.use(await openSide({ role: "single", ...placeOf(gateway.id) }));
  const nodes: Side[] = [];
  for (const { id } of tables) nodes.push(opening.use(await openSide({ role: "table", ...placeOf(id) })));
  const sides = [forwarder, single, ...nodes];

  const put = async (
    program: LoadedProgram,
    namespace: Namespace,
    at: readonly number[],
    open: AsyncDisposableStack,
  ) => {
    for (const index of at) open.use(await attach(program, { interface: index, namespace: namespace.path }));
  };
  const indices = (id: number): readonly number[] => ofNode(id).map(({ ifindex }) => ifindex);
  let epoch = 0;
  const all = opening.move();
  return {
    forwarder,
    single,
    keptBy(length) {
      epoch++;
      const chain = tables.slice(0, length).map(({ id }) => id);
      for (const side of sides) side.keptBy(chain, chain.length, epoch);
    },
    empty() {
      for (const side of sides) side.empty();
    },
    async stand(side) {
      await using open = new AsyncDisposableStack();
      await put(side.program, gateway.namespace, [network.near, network.far, ...indices(gateway.id)], open);
      for (const [index, { id, namespace }] of tables.entries())
        await put((nodes[index] as Side).program, namespace, indices(id), open);
      return open.move();
    },
    async relay(length) {
      await using open = new AsyncDisposableStack();
      const way = [gateway, ...tables.slice(0, length), gateway];
      for (const [index, { id, namespace }] of way.slice(0, -1).entries()) {
        const next = (way[index + 1] as Stand).id;
        const from = index === 0 ? network.near : end(id, (way[index - 1] as Stand).id).ifindex;
        await put(await network.relayFrom(end(id, next), end(next, id)), namespace, [from], open);
      }
      const last = way[way.length - 2] as Stand;
      await put(network.relay, gateway.namespace, [end(gateway.id, last.id).ifindex], open);
      return open.move();
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
