import type { RolloutCounts } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { dayMinutesText, windowAt } from "../../contract/rollout/window.ts";
import type { RolloutRecord } from "../../database/queries/rollout/rollout-record.ts";

/** What a rollout waits for, or what an operator can do, in a sentence; "" for nothing. Pure. */
export function rolloutNote(
  { name, state, window: hours }: RolloutRecord,
  counts: Pick<RolloutCounts, "failed" | "waiting" | "requested" | "planned" | "refused">,
  now: Date,
): string {
  const failed = counts.failed === 1 ? "1 machine failed" : `${counts.failed} machines failed`;
  switch (state) {
    case "planned":
      return counts.refused > 0 && counts.refused === counts.planned
        ? `no machine can be installed by this plan: \`farrier rollout plan ${name}\` says why, and with --anew looks again`
        : `nothing is requested yet: \`farrier rollout start ${name}\` begins`;
    case "running": {
      if (hours === undefined || counts.waiting === 0) {
        return "";
      }
      const { open, until } = windowAt(hours, now);
      const title = `${dayMinutesText(hours.from)}-${dayMinutesText(hours.to)} ${hours.timeZone}`;
      return open ? "" : `outside its window ${title}: machines are begun from ${until.toISOString()} on`;
    }
    case "paused":
      return `no more machines are begun: \`farrier rollout resume ${name}\` goes on`;
    case "stopped":
      return `${failed}, and by its rule no more are begun: \`farrier rollout resume ${name}\` goes on, \`farrier rollout retry-failed ${name}\` takes the failed ones too`;
    case "cancelled":
      return counts.requested === 0 ? "" : "what was requested goes on";
    case "done":
      return counts.failed === 0 ? "" : `${failed}: \`farrier rollout retry-failed ${name}\` tries them again`;
  }
}
