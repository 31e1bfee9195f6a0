/**
 * `zeta/testing`: packets from strings, packets as fields, capture files, seeded random packets, and targets that run
 * a program on them. Needs neither root, kernel, LLVM nor TypeScript, unless a target does.
 * The matchers for vitest are in `zeta/testing/vitest`; `checkPacket` and its like serve every other test runner.
 */

export type { Invariant } from "../simulator/checker.ts";
export {
  type FailedHistory,
  type SimulateOptions,
  type SimulateResult,
  simulate,
} from "../simulator/public.ts";
export { type FragmentOptions, fragments } from "./builders/fragments.ts";
export { type EchoOptions, type IcmpConversation, icmp } from "./builders/icmp.ts";
export { type Icmpv6Conversation, icmpv6 } from "./builders/icmpv6.ts";
export { type ArpConversation, arp, ethernet, vlan } from "./builders/link.ts";
export { type TcpConversation, type TcpOverrides, tcp } from "./builders/tcp.ts";
export {
  type GeneveTunnelOptions,
  geneve,
  geneveOption,
  type TunnelOptions,
  type VxlanOptions,
  vxlan,
} from "./builders/tunnels.ts";
export { type UdpConversation, udp } from "./builders/udp.ts";
export { fromHex, toHex } from "./bytes.ts";
export {
  type Check,
  checkChecksums,
  checkFields,
  checkPacket,
  checkVerdict,
  type ExpectedFields,
  type PacketLike,
} from "./matchers/checks.ts";
export { type ExpectedVerdict, type Verdict, verdictOf } from "./matchers/verdict.ts";
export { bitFlips, truncations } from "./mutate/damage.ts";
export { type PacketsOptions, packets } from "./mutate/packets.ts";
export { type Dissection, dissect, type Place, type Stopped } from "./packet/dissect.ts";
export { describe, diff, type Field, type FieldValue, fields, listFields } from "./packet/fields.ts";
export type * from "./packet/layers.ts";
export type * from "./packet/options.ts";
export type { ExtensionSpec, Overrides } from "./packet/override.ts";
export { build, fromBytes, type Packet } from "./packet/packet.ts";
export type { VlanTag } from "./packet/tags.ts";
export type { ChecksumVerdict } from "./packet/verify.ts";
export type { Capture, CapturedPacket, CaptureInterface, PacketToWrite, WriteOptions } from "./pcap/capture.ts";
export { writePcap } from "./pcap/pcap.ts";
export { type PcapngOptions, writePcapng } from "./pcap/pcapng.ts";
export { readCapture } from "./pcap/read.ts";
export { type Random, random } from "./random.ts";
export { onEveryTargetWith, type Runner, type TestTarget, targets } from "./targets/every.ts";
export { interpreter } from "./targets/interpreter.ts";
export { kernel } from "./targets/kernel.ts";
export type { TestMap } from "./targets/map.ts";
export type {
  Compiled,
  Outcome,
  Redirected,
  Running,
  Source,
  Target,
  TargetOptions,
  TestConfig,
  TestGlobals,
} from "./targets/target.ts";
