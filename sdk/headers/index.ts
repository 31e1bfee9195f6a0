export * from "./arp.ts";
export * from "./ethernet.ts";
export * from "./ip.ts";
export * from "./overlay.ts";
export * from "./transport.ts";
