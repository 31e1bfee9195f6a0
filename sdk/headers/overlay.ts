import { bits, header, u16 } from "../layout/layouts.ts";

export const OverlayPort = { Vxlan: 4789, Geneve: 6081 } as const;

/** VXLAN (RFC 7348), 8 bytes; `valid` must be 1. */
export const vxlanHeader = header({
  flags: bits({ before: 4, valid: 1, after: 27 }),
  network: bits({ vni: 24, reserved: 8 }),
});

/** Geneve (RFC 8926), 8 bytes before `words` * 4 bytes of options; `protocol` is an EtherType (0x6558: Ethernet). */
export const geneveHeader = header({
  start: bits({ version: 2, words: 6, control: 1, critical: 1, reserved: 6 }),
  protocol: u16,
  network: bits({ vni: 24, spare: 8 }),
});
export const geneveOption = header({ class: u16, kind: bits({ critical: 1, type: 7, reserved: 3, words: 5 }) });
