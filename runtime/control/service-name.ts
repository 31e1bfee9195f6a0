/** What a node may call a service. Apart from what checks messages with zod, which a command line need not load. */
export const SERVICE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
export const SERVICE_NAME_RULE = "a name has letters, digits, '.', '_' and '-', at most 63";
