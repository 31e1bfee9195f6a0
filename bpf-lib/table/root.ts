/**
 * What comes to a flow-table node. Operations for it go on; all else is its host's: services are asked, and flows followed, only
 * for who sends an operation.
 */
import { Action, EtherType, ethernetHeader, type Frame, OverlayPort, Protocol, program, udpHeader } from "zeta/bpf";
import { zeta_node_call } from "../node/call.ts";
import { Stage, zeta_node_stages } from "../node/stages.ts";
import { isTunnel4 } from "../overlay/tunnels.ts";
import { ipv4Words } from "../packet/words.ts";

const arrive = (frame: Frame): Action => {
  const call = zeta_node_call.at(0);
  if (call === null) return Action.Aborted;
  const cursor = frame.cursor();
  const ethernet = cursor.take(ethernetHeader);
  const ip = cursor.take(ipv4Words);
  const udp = cursor.take(udpHeader);
  if (ethernet === null || ip === null || udp === null || ethernet.type !== EtherType.Ipv4) return Action.Pass;
  if (ip.ttlAndProtocol >> 8 !== Protocol.Udp || udp.destinationPort !== OverlayPort.Geneve) return Action.Pass;
  if (!isTunnel4(ip.destination)) return Action.Pass;
  call.station = ethernet.destination;
  zeta_node_stages.call(Stage.Operation);
  return Action.Drop;
};

export const zeta_root = program("zeta_root", arrive, { slot: { table: zeta_node_stages, index: Stage.Root } });
