/**
 * The roles of operators, each including the previous ones: a viewer reads, an operator changes machines, an admin
 * manages tokens.
 */
export const roles = ["viewer", "operator", "admin"] as const;
export type Role = (typeof roles)[number];

/** True if the role `held` includes the role `needed`. */
export function roleIncludes(held: Role, needed: Role): boolean {
  return roles.indexOf(held) >= roles.indexOf(needed);
}
