/** A router of the system layer: it forwards what the kernel's routes say, without the kernel's forwarding. */
import {
  Action,
  EtherType,
  ethernetHeader,
  FibResult,
  fibLookup,
  fibParameters,
  ipv4Header,
  local,
  map,
  program,
  redirect,
  u32,
  u64,
} from "zeta/bpf";

const addressFamily = 2;

/** Packets that this program forwarded. */
const forwarded = map.array({ value: u64, max: 1 });

export default program("router", (frame) => {
  const cursor = frame.cursor();
  const ethernet = cursor.take(ethernetHeader);
  if (ethernet === null || ethernet.type !== EtherType.Ipv4) return Action.Pass;
  const ip = cursor.take(ipv4Header);
  if (ip === null) return Action.Pass;
  const route = local(fibParameters);
  route.family = addressFamily;
  route.totalLength = ip.totalLength;
  route.interface = frame.ingressInterface;
  route.sourceWords[0] = u32(ip.source);
  route.destinationWords[0] = u32(ip.destination);
  if (fibLookup(route) !== FibResult.Success) return Action.Drop;
  ethernet.destination = route.destinationMac;
  ethernet.source = route.sourceMac;
  const count = forwarded.at(0);
  if (count !== null) forwarded.set(0, count + 1n);
  return redirect(route.interface);
});
