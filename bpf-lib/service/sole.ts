/**
 * The first program of a service that is alone on its node, has filters only and takes all that comes: it stands on the interfaces
 * in the root's place, since no flow and no address could lead a packet elsewhere. It takes what most packets are, and leaves the
 * others to the root. See docs/decisions/0063-a-sole-service-is-the-root.md.
 */
import { Action, constant, type Frame, Protocol, u32 } from "zeta/bpf";
import { servingGeneration } from "../../sdk/middlebox/internal.ts";
import { From, zeta_node_call } from "../node/call.ts";
import { NODE } from "../node/services.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { countTraffic } from "../node/traffic.ts";
import { isTunnelPort } from "../overlay/decapsulate.ts";
import type { Parts } from "../packet/open.ts";
import { openPlain } from "../packet/plain.ts";
import { note } from "../packet/reopen.ts";
import { filtered, obey, remember } from "./filter.ts";
import { type Link, type ServiceParts, start } from "./parts.ts";

/** The service's own index, which the loader sets. */
export const zeta_own_index = constant(u32, NODE);

const toRoot = (): Action => {
  zeta_node_stages.call(Stage.Root);
  return Action.Aborted;
};

/** Whether its tunnel, if it is one's, would be looked for. */
const maybeTunnelled = ({ protocol, destinationPort }: Parts): boolean =>
  protocol === Protocol.Udp && isTunnelPort(destinationPort);

export const runSole = (frame: Frame, service: ServiceParts, link: Link): Action =>
  openPlain(
    frame,
    (parts) => {
      if (maybeTunnelled(parts)) return toRoot();
      const index = zeta_own_index.value;
      const generation = servingGeneration();
      countTraffic(index, frame.length);
      const { source } = parts;
      const said = filtered(start(service, generation), parts, { from: From.Client, vni: 0, stands: 0 });
      return obey(said, service, link, source, 0, (go) => {
        const call = zeta_node_call.at(0);
        if (call === null) return Action.Aborted;
        call.vni = 0;
        call.service = index;
        call.generation = generation;
        call.from = From.Client;
        call.stands = 0;
        note(parts, call.packet);
        remember(call, said);
        return go(call);
      });
    },
    toRoot,
  );
