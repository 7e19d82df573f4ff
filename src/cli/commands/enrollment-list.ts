import { buildCommand } from "@stricli/core";
import type { EnrollmentListFlags } from "../actions/enrollment-list.ts";
import type { CliContext } from "../context.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { switchFlag } from "../flags/flag.ts";
import { watchFlags } from "../flags/watch.ts";

export const enrollmentListCommand = buildCommand<EnrollmentListFlags, [], CliContext>({
  docs: docs("List agents that wait for approval, and refused callers", "", [
    "farrier enrollment list",
    "farrier enrollment list --watch",
  ]),
  parameters: { flags: { ...clientFlags, ...watchFlags, rejected: switchFlag("Include rejected agents") } },
  loader: async () => (await import("../actions/enrollment-list.ts")).enrollmentListAction,
});
