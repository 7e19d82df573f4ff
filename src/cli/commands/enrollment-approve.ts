import { buildCommand } from "@stricli/core";
import type { EnrollmentApproveFlags } from "../actions/enrollment-approve.ts";
import type { CliContext } from "../context.ts";
import { agentKeyParameter } from "../line/agent-key.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { repeatedFlag, switchFlag, textFlag } from "../flags/flag.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const enrollmentApproveCommand = buildCommand<EnrollmentApproveFlags, [string], CliContext>({
  docs: docs("Approve an agent for an existing or a new machine; prints the machine's id", "", [
    "farrier enrollment approve 3f2a9c01d4e5f607 --machine web1",
    "farrier enrollment approve 3f2a9c01d4e5f607 --name web7 --label rack=b12",
  ]),
  parameters: {
    flags: {
      ...clientFlags,
      machine: textFlag("The agent's machine (default: a new one)", "ID"),
      name: textFlag("A name for the new machine", "NAME"),
      label: repeatedFlag("A label of the new machine; repeatable", "KEY=VALUE"),
      replace: switchFlag("Replace the machine's current agent: its key stops working at once"),
      requestId: requestIdFlag,
    },
    positional: { kind: "tuple", parameters: [agentKeyParameter] },
  },
  loader: async () => (await import("../actions/enrollment-approve.ts")).enrollmentApproveAction,
});
