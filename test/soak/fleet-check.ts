import type pg from "pg";
import type { ClosedHow } from "../../src/simulator/record/generation-record.ts";
import type { Simulated } from "../../src/simulator/simulate.ts";

/** Something that must hold at the end, and what speaks against it. */
export interface Check {
  what: string;
  /** Empty = it holds. */
  against: string[];
}

const ends = `('installation_succeeded', 'installation_failed', 'installation_cancelled', 'installation_replaced')`;

/** Statements that must find nothing; each row says what was found in its one column. */
const mustFindNothing: Record<string, string> = {
  "every generation that was asked for has exactly one end": `
    SELECT m.name || ' generation ' || asked.generation || ': ' || coalesce(string_agg(e.event, ', '), 'none') AS found
    FROM history asked JOIN machines m USING (machine_id)
    LEFT JOIN history e ON e.machine_id = asked.machine_id AND e.generation = asked.generation AND e.event IN ${ends}
    WHERE asked.event = 'installation_requested'
    GROUP BY m.name, asked.generation HAVING count(e.id) <> 1`,
  "no end is of a generation that was not asked for": `
    SELECT m.name || ' generation ' || e.generation || ': ' || e.event AS found
    FROM history e JOIN machines m USING (machine_id)
    WHERE e.event IN ${ends} AND NOT EXISTS (
      SELECT FROM history asked WHERE asked.machine_id = e.machine_id AND asked.generation = e.generation
        AND asked.event = 'installation_requested')`,
  // The machine's lock orders what is written of it, and ids are drawn under it.
  "no generation was handed out, or went on, after its end": `
    SELECT m.name || ' generation ' || e.generation || ': ' || later.event || ' after ' || e.event AS found
    FROM history e JOIN machines m USING (machine_id)
    JOIN history later ON later.machine_id = e.machine_id AND later.generation = e.generation AND later.id > e.id
    WHERE e.event IN ${ends} AND later.event IN ('installation_handed_out', 'installation_progressed')`,
  "nothing is pending": `
    SELECT m.name || ' generation ' || q.generation AS found
    FROM machine_os_installation_request q JOIN machines m USING (machine_id)
    LEFT JOIN machine_os_installation_report r USING (machine_id)
    WHERE installation_pending(q.generation, r.generation)`,
  "no generation was given twice, and none is greater than the machine's last": `
    SELECT m.name || ' generation ' || h.generation || ' of ' || m.last_generation AS found
    FROM history h JOIN machines m USING (machine_id) WHERE h.event = 'installation_requested'
    GROUP BY m.name, h.generation, m.last_generation HAVING count(*) > 1 OR h.generation > m.last_generation`,
  "what succeeded last is what is installed": `
    SELECT m.name || ' generation ' || r.generation || ', installed ' || coalesce(i.generation::text, 'nothing') AS found
    FROM machine_os_installation_report r JOIN machines m USING (machine_id)
    JOIN machine_os_installation_request q ON q.machine_id = r.machine_id AND q.generation = r.generation
    LEFT JOIN machine_os_installed i ON i.machine_id = r.machine_id
    WHERE r.result = 'success' AND i.generation IS DISTINCT FROM r.generation`,
  "no session is left of a dead component": `
    SELECT session_component || ' ' || session_runtime_info AS found FROM sessions
    WHERE session_deadline <= now() - interval '10 seconds'`,
  "no work is left of a dead component": `
    SELECT w.process || ' on ' || w.machine_id AS found FROM work w
    LEFT JOIN sessions s ON s.session_id = w.session_id AND s.session_deadline > now() - interval '10 seconds'
    WHERE s.session_id IS NULL`,
};

/** Checks all that must hold once a simulation is over and has settled. */
export async function fleetCheck(
  pool: pg.Pool,
  simulated: Simulated,
  sessions: Record<string, number>,
): Promise<Check[]> {
  const checks: Check[] = [{ what: "the simulation saw nothing wrong", against: [...simulated.summary.violations] }];
  for (const [what, statement] of Object.entries(mustFindNothing)) {
    const { rows } = await pool.query<{ found: string }>(statement);
    checks.push({ what, against: rows.map(({ found }) => found) });
  }
  checks.push({
    what: "the sessions are those of the processes that run",
    against: await sessionsOther(pool, sessions),
  });
  checks.push({ what: "history tells what agents and operators saw", against: await recordsOther(pool, simulated) });
  return checks;
}

async function sessionsOther(pool: pg.Pool, expected: Record<string, number>): Promise<string[]> {
  const { rows } = await pool.query<{ component: string; count: string }>(
    "SELECT session_component AS component, count(*) FROM sessions GROUP BY 1",
  );
  const found = Object.fromEntries(rows.map(({ component, count }) => [component, Number(count)]));
  const components = new Set([...Object.keys(expected), ...Object.keys(found)]);
  return [...components]
    .filter((component) => expected[component] !== found[component])
    .map((component) => `${component}: ${found[component] ?? 0} sessions, expected ${expected[component] ?? 0}`);
}

/** The end that history must tell of; undefined = any, as the simulation knows it only from the control plane. */
const endOf: Record<ClosedHow, string | undefined> = {
  success: "installation_succeeded",
  error: "installation_failed",
  cancelled: "installation_cancelled",
  replaced: "installation_replaced",
  "ended by the server": "installation_failed",
  "closed, as the control plane said when asked": undefined,
};

async function recordsOther(pool: pg.Pool, { record, machines }: Simulated): Promise<string[]> {
  const { rows } = await pool.query<{ name: string; generation: string; event: string }>(
    `SELECT m.name, h.generation, h.event FROM history h JOIN machines m USING (machine_id)
     WHERE h.event = 'installation_requested' OR h.event IN ${ends} ORDER BY h.id`,
  );
  const told = new Map<string, string>();
  for (const { name, generation, event } of rows) {
    told.set(`${name} generation ${generation}`, event);
  }
  const against: string[] = [];
  for (const { machine, generation, closed, closing, requestedAt, toldOffAt } of record.generations()) {
    const title = `${machines[machine]?.name} generation ${generation}`;
    const event = told.get(title);
    told.delete(title);
    if (event === undefined) {
      against.push(`${title}: seen, but not in history`);
      continue;
    }
    if (requestedAt === undefined) {
      against.push(`${title}: in history, but the simulation's operators did not see it`);
    }
    // Where both sides ended it at once, who was first is the control plane's to say.
    const raced = (closing !== undefined || toldOffAt !== undefined) && closed?.how !== closing;
    const expected = closed === undefined ? undefined : endOf[closed.how];
    if (expected !== undefined && expected !== event && !raced) {
      against.push(`${title}: ${closed?.how}, but history says ${event}`);
    }
  }
  return [...against, ...[...told].map(([title, event]) => `${title}: ${event}, but nobody saw it`)];
}
