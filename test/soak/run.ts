// `npm run soak -- fleet [--minutes 20] [--agents 5000] [--servers 1|2] [--interval 30] [--seed NAME]`: what must hold over
// time. Without --servers both: `farrier up`, then two servers on one database.
// `npm run soak -- lab [--rounds 20] [--seed NAME] [--no-debian]`: a lab machine, installed while somebody is killed.
// `npm run soak -- attack [--seconds 10] [--agents 100] [--only TEXT]`: each attack beside a fleet and an operator.
// The last line is `N passed, N failed`.
import { parseArgs } from "node:util";
import type { Check } from "./fleet-check.ts";
import { soakAttack } from "./attack/soak.ts";
import { soakFleet } from "./fleet.ts";
import { soakLab } from "./lab.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "20" },
    agents: { type: "string" },
    seconds: { type: "string", default: "10" },
    only: { type: "string" },
    servers: { type: "string" },
    interval: { type: "string", default: "30" },
    seed: { type: "string", default: "soak" },
    rounds: { type: "string", default: "20" },
    "no-debian": { type: "boolean", default: false },
  },
});

function number(name: "minutes" | "agents" | "interval" | "rounds" | "seconds", otherwise?: number): number {
  const value = Number(values[name] ?? otherwise);
  if (!(value > 0)) {
    throw new RangeError(`--${name} is "${values[name]}": expected a number above 0`);
  }
  return value;
}

const [what] = positionals;
if (
  positionals.length !== 1 ||
  (what !== "fleet" && what !== "lab" && what !== "attack") ||
  !["1", "2", undefined].includes(values.servers)
) {
  throw new RangeError(
    "expected: npm run soak -- fleet [--minutes N] [--agents N] [--servers 1|2], npm run soak -- lab [--rounds N], or " +
      "npm run soak -- attack [--seconds N] [--only TEXT]",
  );
}

async function fleet(): Promise<Check[]> {
  const options = {
    minutes: number("minutes"),
    agents: number("agents", 5_000),
    interval: number("interval"),
    seed: values.seed,
  };
  const found: Check[] = [];
  for (const servers of [1, 2] as const) {
    if (values.servers === undefined || Number(values.servers) === servers) {
      found.push(...(await soakFleet({ ...options, servers })));
    }
  }
  return found;
}

function lab(): Promise<Check[]> {
  return soakLab({ rounds: number("rounds"), seed: values.seed, debian: !values["no-debian"] });
}

async function attack(): Promise<Check[]> {
  const found = await soakAttack({
    agents: number("agents", 100),
    seconds: number("seconds"),
    quiet: 2,
    only: values.only,
    timed: true,
  });
  for (const { what: name, against } of found.filter((check) => check.against.length > 0)) {
    process.stdout.write(`FAILED ${name}\n${against.map((text) => `         ${text}\n`).join("")}`);
  }
  return found;
}

const soaks = { fleet, lab, attack };
const checks = await soaks[what]();
const failed = checks.filter(({ against }) => against.length > 0).length;
process.stdout.write(`\n${checks.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
