import { buildCommand } from "@stricli/core";
import type { EnrollmentRejectFlags } from "../actions/enrollment-reject.ts";
import type { CliContext } from "../context.ts";
import { agentKeyParameter } from "../line/agent-key.ts";
import { clientFlags } from "../flags/client.ts";
import { docs } from "../line/docs.ts";
import { requestIdFlag } from "../line/request-id.ts";

export const enrollmentRejectCommand = buildCommand<EnrollmentRejectFlags, [string], CliContext>({
  docs: docs("Reject an agent that waits for approval; it is no longer listed", "", [
    "farrier enrollment reject 3f2a9c01d4e5f607",
  ]),
  parameters: {
    flags: { ...clientFlags, requestId: requestIdFlag },
    positional: { kind: "tuple", parameters: [agentKeyParameter] },
  },
  loader: async () => (await import("../actions/enrollment-reject.ts")).enrollmentRejectAction,
});
