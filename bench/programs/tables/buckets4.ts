import { bucketLookup } from "./buckets.ts";
import { program4 } from "./flows.ts";

export default program4("buckets4", bucketLookup({ associativity: 4, preferred: true, mapped: true }));
