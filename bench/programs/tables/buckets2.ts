import { bucketLookup } from "./buckets.ts";
import { program4 } from "./flows.ts";

export default program4("buckets2", bucketLookup({ associativity: 2, preferred: true, mapped: true }));
