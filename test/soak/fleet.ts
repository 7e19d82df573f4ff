import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { systemClock } from "../../src/lib/clock.ts";
import { createLogger } from "../../src/lib/log.ts";
import { createDisplay, formatMilliseconds } from "../../src/simulator/display.ts";
import { faultNames } from "../../src/simulator/faults.ts";
import { simulate, type Simulated } from "../../src/simulator/simulate.ts";
import { fleetCheck, type Check } from "./fleet-check.ts";
import { oneProcess, twoServers, type FleetServers } from "./fleet-servers.ts";
import { memoryLevel, memorySample, type MemoryLook } from "./memory.ts";

/** How a fleet is soaked. */
export interface FleetSoak {
  minutes: number;
  agents: number;
  /** 1 = `farrier up`; 2 = two servers on one database, one of which is killed with -9. */
  servers: 1 | 2;
  /** Seconds between an agent's heartbeats. */
  interval: number;
  seed: string;
}

/** Milliseconds between looks at the server's memory: 60 of a run, and not so often that collecting would slow it down. */
const lookEvery = (duration: number): number => Math.max(5_000, duration / 60);
/** By what share memory may be greater in the last third than in the middle one. */
const growthAllowed = 0.15;
/** At what share of the time a server is killed: before the middle third, whose memory is compared with the last one's. */
const killedAt = 0.25;
/** Things against a check that are told one by one. */
const toldAgainst = 10;

/** Soaks a fleet and prints what it saw; resolves to the checks. */
export async function soakFleet(options: FleetSoak): Promise<Check[]> {
  const { minutes, agents, servers } = options;
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  say(`\n# ${agents} agents, ${minutes} minutes, ${servers === 1 ? "farrier up" : "two servers, one killed with -9"}`);
  const log = createLogger({ level: "error", component: "soak" });
  const directory = await mkdtemp(join(tmpdir(), "farrier-soak-"));
  try {
    await using control = await (servers === 1 ? oneProcess(directory) : twoServers(directory, log));
    const pool = new pg.Pool({ ...control.database });
    try {
      const { simulated, looks } = await soak(options, control);
      const checks = await fleetCheck(pool, simulated, control.sessions);
      checks.push(
        memoryCheck(
          "resident",
          looks.map(({ resident }) => resident),
        ),
        memoryCheck(
          "held by JavaScript",
          looks.map(({ held }) => held),
        ),
      );
      figures(say, simulated);
      for (const { what, against } of checks) {
        say(`${against.length === 0 ? "ok    " : "FAILED"} ${what}`);
        for (const text of against.slice(0, toldAgainst)) {
          say(`         ${text}`);
        }
        if (against.length > toldAgainst) {
          say(`         and ${against.length - toldAgainst} more`);
        }
      }
      return checks;
    } finally {
      await pool.end();
    }
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function soak(options: FleetSoak, control: FleetServers): Promise<{ simulated: Simulated; looks: MemoryLook[] }> {
  const { agents, interval, seed } = options;
  const duration = options.minutes * 60_000;
  const display = createDisplay({ write: (text) => void process.stdout.write(text) });
  using samples = memorySample(control.steady.pid, control.memory, lookEvery(duration));
  let killing: Promise<void> | undefined;
  const simulated = await simulate(
    {
      agents,
      interval: interval * 1000,
      faults: faultNames,
      seed,
      duration,
      installsPerMinute: Math.ceil(agents / 5),
      endpoints: control.agents,
      operators: control.operators,
      token: control.token,
      anywhere: false,
    },
    {
      clock: systemClock,
      signal: new AbortController().signal,
      tell: (text) => display.tell(text),
      violated: (text) => display.tell(`violation: ${text}`),
      status: (status) => {
        display.show(status);
        if (status.phase !== "running") {
          samples[Symbol.dispose]();
        } else if (status.seconds * 1000 > killedAt * duration && killing === undefined) {
          killing = control.killOne?.().then(() => display.tell("a server was killed with -9, and is up again"));
        }
      },
    },
  );
  await killing;
  return { simulated, looks: samples.looks() };
}

function memoryCheck(what: string, megabytes: readonly number[]): Check {
  const { middle, last, growth } = memoryLevel(megabytes);
  const text = `${middle.toFixed(0)} MB in the middle third, ${last.toFixed(0)} MB in the last`;
  return {
    what: `the server's memory is level (${what}, after collection): ${text}`,
    // Not "greater": of too short a run there is no number at all.
    against:
      growth <= growthAllowed ? [] : [`${(growth * 100).toFixed(0)} % more, at most ${growthAllowed * 100} % expected`],
  };
}

function figures(say: (text: string) => void, { summary }: Simulated): void {
  const { counts, heartbeat, heard, generations } = summary;
  const of = (value: { p50: number; p99: number; worst: number }): string =>
    `p50 ${formatMilliseconds(value.p50)}, p99 ${formatMilliseconds(value.p99)}, worst ${formatMilliseconds(value.worst)}`;
  say(
    `${summary.seconds.toFixed(0)} s; ${counts.heartbeats} heartbeats, ${counts.heartbeatsUnavailable} unanswered; ${of(heartbeat)}`,
  );
  say(`${counts.connections} connections; ${of(summary.connect)}`);
  say(
    `${generations.all} generations: ${Object.entries(generations.closed)
      .map(([how, count]) => `${count} ${how}`)
      .join(", ")}`,
  );
  say(
    `heard of over Watch: ${heard.watch.count}, ${of(heard.watch)}; with a heartbeat: ${heard.heartbeat.count}, ${of(heard.heartbeat)}`,
  );
  say(
    `faults: ${counts.disconnects} disconnects, ${counts.kills} kills, ${counts.duplicates} duplicates, ${counts.storms} storms`,
  );
}
