import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  InstallationState,
  MachineShowResponseSchema,
  type Installation,
  type Machine,
  type RequestFile,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { printable } from "../../lib/format/printable.ts";
import { machineChangeSignals, operatorClient } from "../call/client.ts";
import type { CliContext } from "../context.ts";
import type { ClientFlags } from "../flags/client.ts";
import type { WatchFlags } from "../flags/watch.ts";
import { answerOf, answerWatched } from "../show/answer.ts";
import { cameUpLines } from "../show/came-up-lines.ts";
import {
  bootWindowWords,
  labelWords,
  machineStateWord,
  machineTitle,
  progressWords,
  standingWord,
  stateWord,
  when,
} from "../show/describe.ts";
import { healthLines, powerText } from "../show/health-lines.ts";

/** Flags of `farrier machine show`. */
export type MachineShowFlags = ClientFlags & WatchFlags;

/** `farrier machine show` */
export async function machineShowAction(this: CliContext, flags: MachineShowFlags, machine: string): Promise<void> {
  const client = await operatorClient(flags, this.process.env);
  const fetch = async (): Promise<ReturnType<typeof answerOf>> => {
    const message = await client.machines.machineShow({ machine });
    const { machine: shown } = message;
    return answerOf({
      schema: MachineShowResponseSchema,
      message,
      names: () => (shown === undefined ? [] : [machineTitle(shown)]),
      text: ({ now }) => (shown === undefined ? "" : machineLines(shown, now)),
    });
  };
  await answerWatched(this, flags, fetch, () => machineChangeSignals(client));
}

/** The machine's facts, one line each: a title and a value. */
export function machineLines(machine: Machine, now: Date): string {
  const { provided, agent, installation, installed, standing } = machine;
  const lines: [string, string][] = [["id", machine.id]];
  const line = (what: string, value: string | undefined): void => {
    if (value !== undefined && value !== "") {
      lines.push([what, value]);
    }
  };
  line("name", machine.name);
  line("labels", labelWords(machine.labels, ", "));
  if (standing !== undefined) {
    line(
      "state",
      `${machineStateWord(standing.state)}${standingWord(standing, now)}, since ${when(standing.since, now)}`,
    );
    line("expected", standing.deadline && `to end by ${timestampDate(standing.deadline).toISOString().slice(0, 19)}Z`);
    line("next", standing.nextStep);
  }
  line("quarantine", machine.quarantine && `${machine.quarantine.reason} (${machine.quarantine.quarantinedBy})`);
  for (const work of machine.work) {
    line("work", `${work.process}, since ${when(work.startedAt, now)}, by ${work.runtimeInfo}`);
  }
  for (const { process, until, cause } of machine.backoff) {
    line(
      "backoff",
      `${process}, until ${until === undefined ? "-" : timestampDate(until).toISOString().slice(0, 19)}Z: ${cause}`,
    );
  }
  line("added", when(machine.createdAt, now));
  line("provider", provided && `${provided.provider}, id ${provided.providerId}`);
  line("reservation", provided?.reservationId);
  line("address", provided?.address);
  line("location", provided?.location);
  line("status", provided?.status);
  line("SSH", machine.ssh && `${machine.ssh.target}, credential ${machine.ssh.credential}`);
  line("SSH host key", machine.ssh && (machine.ssh.hostKey || "accepted at the first contact"));
  const { power, health } = machine;
  line("power", power && powerText(power, now));
  for (const [what, value] of health === undefined ? [] : healthLines(health, now)) {
    line(what, value);
  }
  line("SMBIOS UUID", machine.smbiosUuid);
  line("MACs", machine.macs.join(", "));
  line("network", machine.networkConfig && "as configured: `--output json` shows it");
  line("boot window", machine.bootWindow && bootWindowWords(machine.bootWindow));
  line(
    "agent",
    agent === undefined
      ? `none: \`farrier agent init ${machine.name || machine.id} --out ${machine.name || machine.id}.json\` makes its key`
      : `since ${when(agent.startedAt, now)}`,
  );
  line("agent key", agent && Buffer.from(agent.publicKey).toString("hex"));
  line("agent features", agent?.features.join(", "));
  line("two agents", agent?.duplicateAt && `calls of both, ${when(agent.duplicateAt, now)}`);
  line("heartbeat", agent && (agent.heartbeatAt === undefined ? "none yet" : when(agent.heartbeatAt, now)));
  line(
    "installed",
    installed === undefined
      ? "no"
      : `generation ${installed.generation}, ${installed.digest === "" ? "no digest" : installed.digest}, ${when(installed.installedAt, now)}`,
  );
  const { cameUp, unfinishedDisk } = machine;
  for (const [what, value] of cameUp === undefined ? [] : cameUpLines(cameUp, now)) {
    line(what, value);
  }
  line(
    "disk",
    unfinishedDisk &&
      `incomplete: generation ${unfinishedDisk.generation} began to write ${when(unfinishedDisk.begunAt, now)}`,
  );
  installationLines(installation, now, line);
  const width = Math.max(...lines.map(([what]) => what.length));
  return lines.map(([what, value]) => `${what.padEnd(width)}  ${printable(value)}\n`).join("");
}

/**
 * Shows a file of a request by its size and digest only, because its text may hold secrets (`farrier installation show`
 * prints it).
 */
function fileWords(file: RequestFile | undefined): string | undefined {
  return file && `${file.bytes.toLocaleString("en-US")} bytes, ${file.digest}`;
}

function installationLines(
  installation: Installation | undefined,
  now: Date,
  line: (what: string, value: string | undefined) => void,
): void {
  if (installation === undefined) {
    line("request", "none");
    return;
  }
  const { generation, state, image, progress, retry } = installation;
  line("request", `generation ${generation}, ${stateWord(state)}, requested ${when(installation.requestedAt, now)}`);
  line("image", image?.url);
  line("digest", image?.digest);
  line("user data", fileWords(installation.files?.userData));
  line("meta data", fileWords(installation.files?.metaData));
  line("network config", fileWords(installation.files?.networkConfig));
  if (state === InstallationState.PENDING) {
    line("progress", progressWords(installation));
    line("progress at", progress && when(progress.updatedAt, now));
    line("detail", progress?.detail);
    line("trying again", progress?.lastError);
    line("gives up", progress?.givesUpAt && timestampDate(progress.givesUpAt).toISOString());
  } else {
    line("finished", when(installation.finishedAt, now));
    line("error", installation.error);
    const { failureCause } = installation;
    line("cause", failureCause === "" ? "" : `${failureCause}: docs/installation-failures.md#${failureCause}`);
  }
  line("writing", installation.writingSince && `since ${when(installation.writingSince, now)}`);
  line(
    "retry",
    retry &&
      `${retry.attemptsLeft} of ${retry.attempts} tries left${retry.nextAt === undefined ? "" : `, the next at ${timestampDate(retry.nextAt).toISOString().slice(0, 19)}Z`}`,
  );
}
