import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import pg from "pg";
import { parseHostPort } from "../../../src/lib/net/host-port.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { oneProcess, type FleetServers } from "../fleet-servers.ts";
import type { Check } from "../fleet-check.ts";
import { memorySample } from "../memory.ts";
import { waitFor } from "../../support/wait.ts";
import type { AttackTargets } from "./attack.ts";
import { attackName, attacksAll } from "./attacks.ts";
import { attackerStart } from "./attacker-process.ts";
import { attackedFleet, type AttackedFleet, type Seen } from "./fleet.ts";

/** How a control plane is attacked. */
export interface AttackSoak {
  agents: number;
  /** Seconds of each attack, and of the quiet after it. */
  seconds: number;
  quiet: number;
  /** Only attacks whose name contains this. */
  only?: string | undefined;
  /**
   * Whether heartbeats' durations are judged. Where others use the machine they say nothing; then each attack goes on until as many
   * heartbeats as there are agents, and an operator's call, were answered.
   */
  timed: boolean;
}

/** By how much a heartbeat may be slower beside an attack, of 99 in 100. */
const slower = 5;
/** Megabytes that JavaScript may hold more at the end, and that may be resident at any time. */
const heldMore = 32;
const residentMost = 1_024;
/** Looks at the memory, and milliseconds between them, until what attacks left open is closed by its limits of time. */
const settling = { looks: 12, apart: 5_000 };

/** Attacks a control plane of its own, prints a table, and resolves to the checks. */
export async function soakAttack(options: AttackSoak): Promise<Check[]> {
  const directory = await mkdtemp(join(tmpdir(), "farrier-attack-"));
  try {
    await using control = await oneProcess(directory, { network: true });
    setDefaultCACertificates([...getCACertificates(), control.operatorsCa]);
    await using fleet = await attackedFleet({
      agents: options.agents,
      endpoint: control.agents[0] ?? parseHostPort(":0"),
      operators: control.operators[0] ?? "",
      operatorsCa: control.operatorsCa,
      token: control.token,
    });
    return await attackAll(options, control, fleet);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function attackAll(options: AttackSoak, control: FleetServers, fleet: AttackedFleet): Promise<Check[]> {
  const { agents, seconds, quiet, only = "" } = options;
  const targets: AttackTargets = {
    ports: {
      agents: control.agents[0]?.port ?? 0,
      operators: Number(new URL(control.operators[0] ?? "").port),
      netboot: Number(new URL(control.netboot ?? "").port),
    },
    agent: fleet.attacker,
  };
  await using attacker = await attackerStart(targets);
  const pool = new pg.Pool({ ...control.database, max: 1 });
  const { pid } = control.steady;
  using memory = memorySample(pid, control.memory, 2 ** 30);
  const look = async (): Promise<number> => {
    const looks = memory.looks().length;
    process.kill(pid, "SIGUSR2");
    await waitFor("a look at the server's memory", () => memory.looks().length > looks);
    return memory.looks().at(-1)?.held ?? Number.NaN;
  };
  try {
    const sessions = await sessionsNow(pool);
    const held = await look();
    fleet.seen();
    const [begunIdle, usedIdle] = [performance.now(), processorNow(pid)];
    await systemClock.sleep(Math.max(quiet, 2) * 1_000);
    const idle = fleet.seen();
    const idling = (processorNow(pid) - usedIdle) / ((performance.now() - begunIdle) / 1_000);
    const rows: Row[] = [];
    say(`\n# ${agents} agents with 2 heartbeats a second each, an operator, and each attack for ${seconds} s\n`);
    say(headline);
    say(
      line("nothing", {
        seen: idle,
        resident: residentNow(pid),
        processor: idling,
        connections: 0,
        ended: 0,
        megabytes: 0,
      }),
    );
    for (const attack of attacksAll(targets)) {
      const name = attackName(attack);
      if (!name.includes(only)) {
        continue;
      }
      await attacker.start(name);
      fleet.seen();
      const [begun, used] = [performance.now(), processorNow(pid)];
      await systemClock.sleep(seconds * 1_000);
      if (!options.timed) {
        await waitFor("answers to agents and operators", () => fleet.answered(agents), { timeoutMs: 60_000 });
      }
      const seen = fleet.seen();
      const processor = (processorNow(pid) - used) / ((performance.now() - begun) / 1_000);
      const resident = residentNow(pid);
      const { connections, ended, bytes } = await attacker.stop();
      const left = (await sessionsNow(pool)) === sessions ? [] : ["the server's session was lost"];
      const row = { name, seen, resident, processor, connections, ended, megabytes: bytes / 1e6, left };
      rows.push(row);
      say(line(name, row));
      if (quiet > 0) {
        fleet.seen();
        await systemClock.sleep(quiet * 1_000);
        const after = fleet.seen();
        idle.heartbeats.push(...after.heartbeats);
        row.left.push(...problemsOf(after).map((problem) => `afterwards: ${problem}`));
      }
    }
    let more = (await look()) - held;
    for (let looks = 0; looks < settling.looks && more > heldMore; looks += 1) {
      await systemClock.sleep(settling.apart);
      more = (await look()) - held;
    }
    const most = Math.max(...rows.map(({ resident }) => resident));
    const allowed = slower * quantile(idle.heartbeats, 0.99);
    say(
      `\nidle: p99 ${quantile(idle.heartbeats, 0.99).toFixed(1)} ms; held by JavaScript: ${more.toFixed(0)} MB more\n`,
    );
    return [
      ...rows.map(({ name, seen, left }) => ({
        what: name,
        against: [...problemsOf(seen), ...left, ...(options.timed ? slowOf(seen, allowed) : [])],
      })),
      { what: "memory is level", against: more > heldMore ? [`${more.toFixed(0)} MB more are held at the end`] : [] },
      {
        what: `at most ${residentMost} MB are resident`,
        against: most > residentMost ? [`${most.toFixed(0)} MB were`] : [],
      },
    ];
  } finally {
    await pool.end();
  }
}

interface Row {
  name: string;
  seen: Seen;
  resident: number;
  /** Of one processor, the server's share, from 0 to 1 and more. */
  processor: number;
  connections: number;
  ended: number;
  megabytes: number;
  left: string[];
}

function problemsOf({ heartbeats, lost, reconnected, operators, refused }: Seen): string[] {
  return [
    ...(lost > 0 ? [`${lost} heartbeats were not answered OK`] : []),
    ...(reconnected > 0 ? [`${reconnected} agents' connections were made anew`] : []),
    ...(heartbeats.length === 0 ? ["no heartbeat was answered"] : []),
    ...(operators.length === 0 ? ["no operator was answered"] : []),
    ...refused.slice(0, 3),
  ];
}

function slowOf({ heartbeats }: Seen, allowed: number): string[] {
  const slow = quantile(heartbeats, 0.99);
  return slow > allowed ? [`heartbeats' p99 is ${slow.toFixed(0)} ms: expected at most ${allowed.toFixed(0)} ms`] : [];
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

async function sessionsNow(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ id: string }>("SELECT session_id AS id FROM sessions ORDER BY 1");
  return rows.map(({ id }) => id).join(" ");
}

/** Seconds of processor time that the process has used; of a hundred ticks each (sysconf(_SC_CLK_TCK) on Linux). */
function processorNow(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /su, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Megabytes that the system counts. */
function residentNow(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+)/mu.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return (Number(kibibytes) * 1_024) / 1e6;
}

const headline = [
  "attack".padEnd(58),
  "beats",
  "lost",
  "p50 ms",
  "p99 ms",
  "op. p99",
  "MB res",
  "conns",
  "ended",
  "MB sent",
].join("  ");

function line(name: string, row: Omit<Row, "name" | "left">): string {
  const { seen, resident, processor, connections, ended, megabytes } = row;
  const milliseconds = (values: number[], share: number, width: number): string =>
    quantile(values, share).toFixed(1).padStart(width);
  return [
    name.padEnd(58),
    String(seen.heartbeats.length).padStart(5),
    String(seen.lost).padStart(4),
    milliseconds(seen.heartbeats, 0.5, 6),
    milliseconds(seen.heartbeats, 0.99, 6),
    milliseconds(seen.operators, 0.99, 7),
    (processor * 100).toFixed(0).padStart(5),
    resident.toFixed(0).padStart(6),
    String(connections).padStart(5),
    String(ended).padStart(5),
    megabytes.toFixed(1).padStart(7),
  ].join("  ");
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
