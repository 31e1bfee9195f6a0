import { middlebox, reject, service } from "zeta";

const refuser = middlebox("refuser", { filter: () => reject("closed") });

export default service("refuser", { chain: [refuser] });
