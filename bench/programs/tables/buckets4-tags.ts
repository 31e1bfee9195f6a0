import { tagLookup } from "./buckets.ts";
import { program4 } from "./flows.ts";

export default program4("buckets4_tags", tagLookup());
