// The attacker, as a process of its own. On its standard input: the targets as JSON on the first line, then an attack's name on a
// line, which it carries out until the next line, or `stop`. It answers each line with what it had done so far, as JSON. It takes
// the processor only where nobody else wants it: on one host, an attacker's own work would count as the server's.
import { getPriority, setPriority } from "node:os";
import { createInterface } from "node:readline";
import type { AttackTargets } from "./attack.ts";
import { attackName, attacksAll } from "./attacks.ts";
import { floodStart, type Flood } from "./flood.ts";

setPriority(Math.min(19, getPriority() + 10));
let targets: AttackTargets | undefined;
let flood: Flood | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  const count = flood?.count() ?? {};
  flood?.[Symbol.dispose]();
  flood = undefined;
  if (targets === undefined) {
    targets = JSON.parse(line) as AttackTargets;
  } else if (line !== "stop") {
    const attack = attacksAll(targets).find((one) => attackName(one) === line);
    if (attack === undefined) {
      throw new RangeError(`there is no attack "${line}"`);
    }
    flood = floodStart(attack, targets);
  }
  process.stdout.write(`${JSON.stringify(count)}\n`);
}
flood?.[Symbol.dispose]();
