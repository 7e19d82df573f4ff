import type { MessageInitShape } from "@bufbuild/protobuf";
import { z } from "zod";
import {
  CauseKind as KindMessage,
  type MachineExplainRequest,
  type MachineExplainResponseSchema,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { requestProblem } from "../../contract/request-problem.ts";
import type { Database } from "../../database/connect.ts";
import type { MachineId } from "../../database/ids.ts";
import { agentLogRead } from "../../database/queries/agent/agent-log.ts";
import { machineSurroundings } from "../../database/queries/views/explain.ts";
import { machineShow } from "../../database/queries/machine/machine-show.ts";
import type { InstallationRecord } from "../../database/queries/views/machine-record.ts";
import { withoutUrlSecrets } from "../../lib/net/shown-url.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { explain } from "../explain/explain.ts";
import type { CauseKind, ExplainFacts } from "../explain/facts.ts";
import { diskProblem, reportedDisks } from "../installation-plan.ts";
import { recordOpened } from "../messages/record-opened.ts";
import { agentLogLines } from "../messages/agent-log-lines.ts";
import { requestedImage } from "../messages/requested-image.ts";
import { machineOf } from "../requests/machine-reference.ts";
import { standingMessage } from "../messages/state-message.ts";
import { machineField, validate } from "../requests/validate.ts";

const kinds: Record<CauseKind, KindMessage> = {
  "system-silent": KindMessage.SYSTEM_SILENT,
  "report-not-expected": KindMessage.REPORT_NOT_EXPECTED,
  "no-agent": KindMessage.NO_AGENT,
  "agent-never-heard": KindMessage.AGENT_NEVER_HEARD,
  "agent-silent": KindMessage.AGENT_SILENT,
  "installation-error": KindMessage.INSTALLATION_ERROR,
  "wrong-digest": KindMessage.WRONG_DIGEST,
  "disk-selector": KindMessage.DISK_SELECTOR,
  "runs-exhausted": KindMessage.RUNS_EXHAUSTED,
  cancelled: KindMessage.CANCELLED,
  backoff: KindMessage.BACKOFF,
  "session-lost": KindMessage.SESSION_LOST,
  "request-unreadable": KindMessage.REQUEST_UNREADABLE,
  quarantine: KindMessage.QUARANTINE,
  "no-server": KindMessage.NO_SERVER,
  "no-shepherd": KindMessage.NO_SHEPHERD,
  "provider-unreachable": KindMessage.PROVIDER_UNREACHABLE,
  "no-power": KindMessage.NO_POWER,
  "controller-failing": KindMessage.CONTROLLER_FAILING,
  "left-running": KindMessage.LEFT_RUNNING,
  "agent-start": KindMessage.AGENT_START,
  "boot-override": KindMessage.BOOT_OVERRIDE,
  unhealthy: KindMessage.UNHEALTHY,
  "machine-vanished": KindMessage.MACHINE_VANISHED,
  "provider-held": KindMessage.PROVIDER_HELD,
  "controller-wanted": KindMessage.CONTROLLER_WANTED,
  "progress-stalled": KindMessage.PROGRESS_STALLED,
  "retry-waiting": KindMessage.RETRY_WAITING,
  "retries-exhausted": KindMessage.RETRIES_EXHAUSTED,
  "deadline-missed": KindMessage.DEADLINE_MISSED,
  "boot-window": KindMessage.BOOT_WINDOW,
  "enrollment-waiting": KindMessage.ENROLLMENT_WAITING,
  "caller-refused": KindMessage.CALLER_REFUSED,
  "second-claimant": KindMessage.SECOND_CLAIMANT,
  "trying-again": KindMessage.TRYING_AGAIN,
  "duplicate-agent": KindMessage.DUPLICATE_AGENT,
  "disk-unfinished": KindMessage.DISK_UNFINISHED,
  pending: KindMessage.PENDING,
  rollout: KindMessage.ROLLOUT,
  "database-read-only": KindMessage.DATABASE_READ_ONLY,
};

const explainRequest = z.object({ machine: machineField });

/** Explains why a machine makes no progress. */
export function machineExplainHandler({ database, secrets }: OperatorApiDependencies) {
  return async (request: MachineExplainRequest): Promise<MessageInitShape<typeof MachineExplainResponseSchema>> => {
    const { machine } = validate(explainRequest, request);
    const machineId = await machineOf(database, machine);
    const record = recordOpened(secrets, await machineShow(database, machineId));
    const { hardwareRaw, ...surroundings } = await machineSurroundings(database, machineId);
    const { causes, lines, waitingFor, nextStep, lastError, remedies, documentation } = explain({
      record,
      ...surroundings,
      ...(record.state.state === "silent" ? { logTail: await logTail(database, machineId) } : {}),
      ...(record.installation?.pending === true ? requestProblems(record.installation, hardwareRaw) : {}),
    });
    return {
      machineId,
      standing: standingMessage(record, nextStep),
      lines: lines.map((line) => withoutUrlSecrets(line)),
      waitingFor,
      lastError: withoutUrlSecrets(lastError),
      remedies,
      documentation,
      causes: causes.map(({ kind, text }) => ({ kind: kinds[kind], text: withoutUrlSecrets(text) })),
    };
  };
}

/** Lines of the log that an explanation has: the end of an installation, with its boot entry, is among them. */
const tailLines = 5;

async function logTail(database: Database, machineId: MachineId): Promise<NonNullable<ExplainFacts["logTail"]>> {
  const records = await agentLogRead(database, machineId, 0n);
  const lines = records.slice(-tailLines).flatMap((record) => {
    return agentLogLines(record).map(({ text }) => ({ at: record.loggedAt, text }));
  });
  return lines.slice(-tailLines);
}

/** What is wrong with a pending request, checked as the agent API and the agent will check it. */
function requestProblems(
  installation: InstallationRecord,
  hardwareRaw: Uint8Array | undefined,
): Pick<ExplainFacts, "requestProblem" | "diskProblem"> {
  const { requestRaw, generation } = installation;
  const unreadable = installation.requestProblem ?? requestProblem(requestRaw, generation);
  if (unreadable !== undefined) {
    return { requestProblem: unreadable };
  }
  const image = requestedImage(requestRaw);
  const disks = hardwareRaw === undefined ? undefined : reportedDisks(hardwareRaw);
  const problem = image === undefined || !Array.isArray(disks) ? undefined : diskProblem(image.rootDisk, disks);
  return problem === undefined ? {} : { diskProblem: problem };
}
