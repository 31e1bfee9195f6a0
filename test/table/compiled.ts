/** The programs of a cluster's nodes are compiled before the first test of a file: it takes a while. */
import { beforeAll } from "vitest";
import { clusterNode } from "../kit/targets/compile.ts";

export const compileFirst = (): void =>
  beforeAll(() => Promise.all([clusterNode("forwarder"), clusterNode("table")]), 240_000);
