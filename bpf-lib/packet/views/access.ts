/** Who may edit what. */
import { refuseKeyEdit } from "../../../sdk/middlebox/internal.ts";

/** Which packets a hook may see edited: filters must leave what the flow's key is made of. */
export interface Access {
  readonly keyFields: boolean;
}

export const guard = (access: Access, field: string): void => {
  if (!access.keyFields) refuseKeyEdit(field);
};
