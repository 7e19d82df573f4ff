import type { Cause, ExplainFacts } from "../facts.ts";

/** Whether the database accepts writes: while it does not, nothing about any machine changes. Pure. */
export function databaseCauses({ readOnly }: ExplainFacts): Cause[] {
  return readOnly === true
    ? [
        {
          kind: "database-read-only",
          text:
            "the database is read-only (a standby, as after a failover, or set so): nothing changes until it takes writes. " +
            "Heartbeats, results and commands are not recorded meanwhile, so everything else here may be out of date",
        },
      ]
    : [];
}
