/** What an operator may do, each role including the ones before it: a viewer reads, an operator changes, an admin says who may. */
export const roles = ["viewer", "operator", "admin"] as const;
export type Role = (typeof roles)[number];

/** True where somebody with the role `held` may do what `needed` is asked for. */
export function roleIncludes(held: Role, needed: Role): boolean {
  return roles.indexOf(held) >= roles.indexOf(needed);
}
