import { bucketLookup } from "./buckets.ts";
import { program4 } from "./flows.ts";

export default program4("buckets4_ordered", bucketLookup({ associativity: 4, preferred: false, mapped: true }));
