import { buildCommand } from "@stricli/core";
import type { EventFollowFlags } from "../actions/event-follow.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { eventsFlag } from "../flags/events.ts";
import { textFlag } from "../flags/flag.ts";
import { docs } from "../line/docs.ts";

export const eventFollowCommand = buildCommand<EventFollowFlags, [], CliContext>({
  docs: docs(
    "Print events as they happen, until interrupted",
    "With --json one CloudEvent a line, each with the cursor behind it: give the last one to --since, and nothing is missed.",
    [
      "farrier event follow",
      "farrier event follow --events installation_failed --json",
      "farrier event follow --since start --json",
    ],
  ),
  parameters: {
    flags: {
      ...clientFlags,
      ...eventsFlag,
      since: textFlag(
        "Cursor of the last event that was processed, or start for all of history (default: now)",
        "CURSOR",
      ),
    },
  },
  loader: async () => (await import("../actions/event-follow.ts")).eventFollowAction,
});
