import { Role } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { valuesByWord } from "./table.ts";

/** Operators' roles, each including the ones before it. */
export const roleWords = {
  [Role.VIEWER]: "viewer",
  [Role.OPERATOR]: "operator",
  [Role.ADMIN]: "admin",
} as const satisfies Record<Exclude<Role, 0>, string>;

/** A role by its word. */
export const roleValues = valuesByWord(roleWords);

/** A role's word. */
export type RoleWord = keyof typeof roleValues;
