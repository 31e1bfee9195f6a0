/** All modules, by name. */
import { calls } from "./calls.ts";
import { control } from "./control.ts";
import { kernel } from "./kernel.ts";
import { maps } from "./maps.ts";
import { memory } from "./memory.ts";
import { parsing } from "./parsing.ts";
import { rivals } from "./rivals.ts";

export const modules = { ...parsing, ...memory, ...control, ...kernel, ...maps, ...calls, ...rivals };
