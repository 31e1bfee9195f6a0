import type { BenchCase } from "./case.ts";
import { serviceCases } from "./services.ts";
import { systemCases } from "./system.ts";

/** Every comparison with a rival, in the order of the report. */
export const cases: readonly BenchCase[] = [...systemCases, ...serviceCases];
