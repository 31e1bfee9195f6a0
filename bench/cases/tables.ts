/** Flow tables side by side: the same look-up, touch and addition on the table of bpf-lib and on the kernel's. */
import { tcp } from "../../test/kit/index.ts";

export interface TableSubject {
  readonly name: string;
  /** Of a file in bench/programs/tables. */
  readonly program: string;
  readonly family: 4 | 6;
  /** How the table is sized: entries of one map, of a map for each CPU, or pages of 64 ways and the index of the last. */
  readonly sized: "entries" | "innerEntries" | "pages";
}

export interface TableCase {
  readonly name: string;
  readonly flows: number;
  readonly pattern: string;
  /** Room in every table. */
  readonly entries: number;
  readonly subjects: readonly TableSubject[];
  /** Spans that a flow lives in tables that refuse; it outlives the measurement unless told. */
  readonly idle?: number;
  /** Flows are hit in another order than that in which they were opened. */
  readonly scattered?: boolean;
  /** The node is told where servers are, as the yardstick is; it does not ask the kernel for routes to them. */
  readonly told?: boolean;
  /** Packets are for nobody. */
  readonly foreign?: boolean;
}

const ways4: TableSubject = { name: "ways, IPv4", program: "ways4", family: 4, sized: "pages" };
const ways6: TableSubject = { name: "ways, IPv6", program: "ways6", family: 6, sized: "pages" };
const oldest: TableSubject = { name: "ways, oldest goes, IPv4", program: "ways4-oldest", family: 4, sized: "pages" };
const kernels: readonly TableSubject[] = [
  { name: "hash, IPv4", program: "hash", family: 4, sized: "entries" },
  { name: "LRU hash, IPv4", program: "lru", family: 4, sized: "entries" },
  { name: "per-CPU LRU hash, IPv4", program: "lru-per-cpu", family: 4, sized: "entries" },
  { name: "LRU hash of the CPU, IPv4", program: "lru-of-cpu", family: 4, sized: "innerEntries" },
  { name: "LRU hash of the CPU, 40-byte key", program: "lru-of-cpu6", family: 6, sized: "innerEntries" },
];
const bucket = (name: string, program: string): TableSubject => ({ name, program, family: 4, sized: "pages" });
/** What the table was chosen over. */
const layouts: readonly TableSubject[] = [
  bucket("buckets of four, preferred way first", "buckets4"),
  bucket("buckets of two, preferred way first", "buckets2"),
  bucket("buckets of four, in order", "buckets4-ordered"),
  bucket("buckets of four, 16 bytes off", "buckets4-unaligned"),
  bucket("buckets of four ways of 32 bytes, decisions beside", "buckets4-narrow"),
  bucket("buckets of four, tags first", "buckets4-tags"),
];
const all = [ways4, oldest, ways6, ...kernels];
const established = "established, all hit in turn";
const replacing = "every packet another flow, which replaces an old one";
const scattered = "established, all hit, in another order than that in which they opened";

/** The wrapper counts flows up to here and begins again. */
export const ENDLESS = 2 ** 32;
const SMALL = 2 ** 17;
const LARGE = 2 ** 21;

export const tableCases: readonly TableCase[] = [
  { name: "flow table, 1 flow", flows: 1, pattern: established, entries: SMALL, subjects: all },
  { name: "flow table, 1 k flows", flows: 2 ** 10, pattern: established, entries: SMALL, subjects: all },
  { name: "flow table, 64 k flows", flows: 2 ** 16, pattern: established, entries: SMALL, subjects: all },
  { name: "flow table, 1 M flows", flows: 2 ** 20, pattern: established, entries: LARGE, subjects: all },
  {
    name: "flow table, new flows",
    flows: ENDLESS,
    pattern: "every packet another flow, which replaces an old one",
    entries: SMALL,
    subjects: all.filter(({ program }) => program !== "hash" && program !== "ways4" && program !== "ways6"),
  },
  {
    name: "flow table, new flows, large",
    flows: ENDLESS,
    pattern:
      "every packet another flow, which replaces an old one; tables that refuse: one that is over since 64 ms at most",
    entries: LARGE,
    subjects: all.filter(({ program }) => program !== "hash"),
    idle: 1,
  },
];

const yardstick = (name: string, flows: number, entries: number, pattern = established): TableCase => ({
  name: `yardstick, ${name}`,
  flows,
  pattern,
  entries,
  subjects: [],
});

/** A whole balancer in C with Katran's maps and steps: what other rows are compared with across machines. */
export const yardstickCases: readonly TableCase[] = [
  yardstick("1 flow", 1, SMALL),
  yardstick("1 k flows", 2 ** 10, SMALL),
  yardstick("64 k flows", 2 ** 16, SMALL),
  yardstick("1 M flows", 2 ** 20, LARGE),
  { ...yardstick("64 k flows, scattered", 2 ** 16, SMALL, scattered), scattered: true },
  { ...yardstick("1 M flows, scattered", 2 ** 20, LARGE, scattered), scattered: true },
  yardstick("new flows", ENDLESS, SMALL, replacing),
  { ...yardstick("new flows, to known hosts", ENDLESS, SMALL, replacing), told: true },
  yardstick("new flows, large", ENDLESS, LARGE, replacing),
  { ...yardstick("not our address", 1, SMALL, "two look-ups of the address miss"), foreign: true },
];

export const layoutCases: readonly TableCase[] = tableCases.map((one) => ({
  ...one,
  name: one.name.replace("flow table", "layout"),
  subjects: [one.idle === undefined && one.flows === ENDLESS ? oldest : ways4, ...layouts],
}));

/** 64 bytes, and where the flow's number goes. */
export const frameOf = (family: 4 | 6) =>
  family === 4
    ? {
        bytes: tcp("10.0.0.0:10000", "10.1.0.1:80").payload("0123456789").bytes,
        vary: { address: 26, port: 34 },
      }
    : {
        bytes: tcp("[2001:db8::]:10000", "[2001:db8:1::1]:80").payload("012345").bytes,
        vary: { address: 34, port: 54 },
      };
