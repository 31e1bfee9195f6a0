/**
 * All programs of a node that traces, as one object: those of every node, compiled so that they tell, and behind them who
 * watches them. In this order, since reasons to drop are numbered as programs name them, and both objects count in one map.
 */
export * from "./node.ts";
export * from "./tracing.ts";
