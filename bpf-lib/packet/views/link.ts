/** Ethernet and a VLAN tag: no checksum covers them. */
import { type mac, type Of, type u32, vlanTag } from "zeta/bpf";
import type { Parts } from "../open.ts";

export const ethernetView = (parts: Parts) => ({
  get source() {
    return parts.ethernet.source;
  },
  set source(to: mac) {
    parts.ethernet.source = to;
  },
  get destination() {
    return parts.ethernet.destination;
  },
  set destination(to: mac) {
    parts.ethernet.destination = to;
  },
  get type() {
    return parts.ethernet.type;
  },
});

const vlanView = (tag: Of<typeof vlanTag>) => ({
  get priority() {
    return tag.control.priority;
  },
  set priority(to: u32) {
    tag.control.priority = to;
  },
  get dropEligible() {
    return tag.control.dropEligible;
  },
  set dropEligible(to: u32) {
    tag.control.dropEligible = to;
  },
  get identifier() {
    return tag.control.identifier;
  },
  set identifier(to: u32) {
    tag.control.identifier = to;
  },
});

export const vlanOf = (parts: Parts) => {
  const tag = parts.tagged ? parts.frame.cursor(14).peek(vlanTag) : null;
  return tag === null ? null : vlanView(tag);
};
