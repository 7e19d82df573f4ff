import { Role } from "../../../gen/farrier/operator/v1/access_pb.ts";

/** `--role`'s words. */
export const roleWords = ["viewer", "operator", "admin"] as const;

/** One of {@link roleWords}. */
export type RoleWord = (typeof roleWords)[number];

/** A role by its word. */
export const roleOf: Record<RoleWord, Role> = { viewer: Role.VIEWER, operator: Role.OPERATOR, admin: Role.ADMIN };

/** The word for a role; a later control plane may have further ones. */
export function roleWord(role: Role): string {
  return Object.entries(roleOf).find(([, value]) => value === role)?.[0] ?? `role ${String(role)}`;
}
