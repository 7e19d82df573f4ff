import type { Attack, AttackTargets } from "./attack.ts";
import { callAttacks } from "./call-attacks.ts";
import { connectionAttacks } from "./connection-attacks.ts";
import { http2Attacks } from "./http2-attacks.ts";

/** Every attack, in the order in which they are tried. */
export function attacksAll(targets: AttackTargets): readonly Attack[] {
  return [...callAttacks(targets), ...connectionAttacks, ...http2Attacks];
}

/** What an attack is called in tables, and by the process that carries it out. */
export function attackName({ id, what, port }: Attack): string {
  return `${id === "" ? "" : `${id} `}${port}: ${what}`;
}
