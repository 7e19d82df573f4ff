import type pg from "pg";

/** Statements a second that make the changes. */
const statements = 10;

/** Changes machines of the fleet, `perSecond` a second by their labels, until the signal aborts. */
export async function changesMake(pool: pg.Pool, perSecond: number, signal: AbortSignal): Promise<void> {
  const each = Math.max(1, Math.round(perSecond / statements));
  let after = "00000000-0000-0000-0000-000000000000";
  let due = performance.now();
  for (let round = 0; !signal.aborted; round += 1) {
    const { rows } = await pool.query<{ id: string }>(
      `WITH chosen AS MATERIALIZED (SELECT machine_id FROM machines WHERE machine_id > $1 ORDER BY machine_id LIMIT $2)
       UPDATE machines m SET labels = m.labels || jsonb_build_object('round', $3::text) FROM chosen
       WHERE m.machine_id = chosen.machine_id RETURNING m.machine_id::text AS id`,
      [after, each, String(round)],
    );
    // Now and then from the beginning, where the consoles' machines are.
    after =
      rows.length < each || round % statements === 0
        ? "00000000-0000-0000-0000-000000000000"
        : (rows
            .map(({ id }) => id)
            .toSorted()
            .at(-1) ?? after);
    due += 1_000 / statements;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
  }
}
