import { create, fromBinary } from "@bufbuild/protobuf";
import { timestampFromDate, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { z } from "zod";
import { ReportLogRequestSchema, type ReportLogRequest } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import {
  MachineLogLineSchema,
  MachineLogResponseSchema,
  type MachineLogLine,
  type MachineLogRequest,
  type MachineLogResponse,
} from "../../../gen/farrier/operator/v1/machine_log_pb.ts";
import { agentLogRead, type AgentLogRecord } from "../../database/queries/agent/agent-log.ts";
import { machineShow } from "../../database/queries/machine/machine-show.ts";
import { withoutUrlSecrets } from "../../lib/net/shown-url.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
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
    const all = records.flatMap((record) => logLines(record));
    return create(MachineLogResponseSchema, {
      machineId,
      lines: lines === 0 ? all : all.slice(-lines),
      nextCursor: String(records.at(-1)?.number ?? cursor),
    });
  };
}

/** Lines that can't be parsed any more are skipped: they were checked when they came. */
function logLines(record: AgentLogRecord): MachineLogLine[] {
  const request = decode(record.raw);
  const run = Buffer.from(record.run).toString("hex").slice(0, 16);
  return (request?.lines ?? []).map((line, index) =>
    create(MachineLogLineSchema, {
      at: timestampFromMs(Number(line.atMs)),
      receivedAt: timestampFromDate(record.loggedAt),
      level: line.level,
      text: withoutUrlSecrets(line.text),
      run,
      droppedBefore: index === 0 ? (request?.dropped ?? 0n) : 0n,
    }),
  );
}

function decode(raw: Uint8Array): ReportLogRequest | undefined {
  try {
    return fromBinary(ReportLogRequestSchema, raw);
  } catch {
    return undefined;
  }
}
