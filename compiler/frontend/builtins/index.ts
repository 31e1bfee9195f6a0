/** What the SDK's names mean while compiling, one file per SDK module. `global:` names are JavaScript's own. */
import type { Value } from "../values.ts";
import { fieldBuiltins } from "./fields.ts";
import { globalBuiltins } from "./globals.ts";
import { kernelBuiltins } from "./kernel.ts";
import { layoutBuiltins } from "./layouts.ts";
import { libraryBuiltins } from "./library.ts";
import { mapBuiltins } from "./maps.ts";
import { messageBuiltins } from "./message.ts";
import { middleboxBuiltins } from "./middlebox.ts";
import { outcomeBuiltins } from "./outcomes.ts";
import { programBuiltins } from "./program.ts";
import { readingBuiltins } from "./reading.ts";
import { serviceBuiltins } from "./service.ts";

export const builtins: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...layoutBuiltins,
  ...mapBuiltins,
  ...kernelBuiltins,
  ...programBuiltins,
  ...fieldBuiltins,
  ...middleboxBuiltins,
  ...serviceBuiltins,
  ...outcomeBuiltins,
  ...readingBuiltins,
  ...messageBuiltins,
  ...libraryBuiltins,
  ...globalBuiltins,
]);
