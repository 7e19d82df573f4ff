import { sql } from "kysely";

/** What can have changed of a machine since its plan. */
export type RolloutChange = "generation" | "hardware" | "labels" | "quarantine";

/** What each change is called, in a sentence about the machine. */
export const rolloutChangeTexts: Readonly<Record<RolloutChange, string>> = {
  generation: "another installation was requested since the plan",
  hardware: "its hardware report, and with it its disks, changed since the plan",
  labels: "its labels changed since the plan",
  quarantine: "it is in quarantine since the plan",
};

/**
 * What has changed of `machines m` since the plan of `rollout_machine r`; NULL = nothing. The installed disk changes only
 * with a generation, and which disk a selector means only with the hardware report.
 */
export const rolloutChanged = sql<RolloutChange | null>`CASE
  WHEN m.last_generation <> r.seen_generation THEN 'generation'
  WHEN r.seen_hardware IS DISTINCT FROM (
    SELECT h.hardware_report_fingerprint FROM machine_hardware_report h WHERE h.machine_id = m.machine_id
  ) THEN 'hardware'
  WHEN md5(m.labels::text) <> r.seen_labels THEN 'labels'
  WHEN EXISTS (SELECT FROM machine_quarantine z WHERE z.machine_id = m.machine_id) THEN 'quarantine'
END`;
