import { create } from "@bufbuild/protobuf";
import { z } from "zod";
import {
  MachineLogResponseSchema,
  type MachineLogRequest,
  type MachineLogResponse,
} from "../../../gen/farrier/operator/v1/machine_log_pb.ts";
import { agentLogRead } from "../../database/queries/agent/agent-log.ts";
import { machineShow } from "../../database/queries/machine/machine-show.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { agentLogLines } from "../messages/agent-log-lines.ts";
import { machineOf } from "../requests/machine-reference.ts";
import { isCount } from "../caller/query-token.ts";
import { machineField, validate } from "../requests/validate.ts";

const linesLimit = 1_000;

const logRequest = z.object({
  machine: machineField,
  lines: z.int().min(0, "is negative: expected 0 or more").max(linesLimit, `expected at most ${linesLimit}`),
  cursor: z
    .string()
    .refine(
      (text) => text === "" || isCount(text),
      "is not a cursor: expected next_cursor of an earlier answer, or nothing",
    )
    .transform((text) => (text === "" ? 0n : BigInt(text))),
});

/** Makes the handler of MachineService.MachineLog. */
export function machineLogHandler({
  database,
}: OperatorApiDependencies): (request: MachineLogRequest) => Promise<MachineLogResponse> {
  return async (request) => {
    const { machine, lines, cursor } = validate(logRequest, request);
    const machineId = await machineOf(database, machine);
    const records = await agentLogRead(database, machineId, cursor);
    if (records.length === 0) {
      // Tells a machine without a log from a machine that does not exist.
      await machineShow(database, machineId);
    }
    const all = records.flatMap((record) => agentLogLines(record));
    return create(MachineLogResponseSchema, {
      machineId,
      lines: lines === 0 ? all : all.slice(-lines),
      nextCursor: String(records.at(-1)?.number ?? cursor),
    });
  };
}
