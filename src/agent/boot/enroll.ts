import { create } from "@bufbuild/protobuf";
import type { AgentHardwareReport } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { EnrollRequestSchema, type EnrollResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import { identifyingMacs } from "../../contract/identifying-macs.ts";
import type { CallOutcome, EnrollmentClient } from "../calls/control-plane.ts";
import { agentFeatures } from "../features.ts";
import { enrollNext, type EnrollMemory } from "./enroll-next.ts";

/** What enrolment needs. */
export interface EnrollContext {
  enrollment: Pick<EnrollmentClient, "enroll">;
  /** As the firmware reports it; "" if it does not. */
  smbiosUuid: string;
  hardware: AgentHardwareReport;
  token: string | undefined;
  /** Asks for a token of this machine's boot window; undefined if there is no server to ask. */
  askToken:
    | ((machine: { smbiosUuid: string; macs: readonly string[] }, signal: AbortSignal) => Promise<string | undefined>)
    | undefined;
  /** Called once, when the control plane has answered for the first time, whatever the answer. */
  reached?: (() => Promise<void>) | undefined;
  clock: Clock;
  random: () => number;
  log: Logger;
  signal: AbortSignal;
}

// The server accepts no more.
const macLimit = 64;

/**
 * Enrols the machine. Resolves to its id once it is admitted; until then it tries again without end.
 * @throws the signal's reason when aborted
 */
export async function enroll(context: EnrollContext): Promise<string> {
  const { enrollment, smbiosUuid, hardware, askToken, clock, random, log, signal } = context;
  const machine = {
    smbiosUuid,
    macs: identifyingMacs(hardware.report?.networkInterface ?? []).slice(0, macLimit),
  };
  const mac = machine.macs.map((text) => Uint8Array.from(Buffer.from(text.replaceAll(":", ""), "hex")));
  let memory: EnrollMemory = { failures: 0, token: context.token, bare: false };
  let reached = false;
  for (;;) {
    const { token = "", bare } = memory;
    const report = bare ? {} : { hardwareReport: hardware };
    const message = { token, smbiosUuid, mac, feature: [...agentFeatures], ...report };
    const outcome = await enrollment.enroll(create(EnrollRequestSchema, message), signal);
    signal.throwIfAborted();
    if (!reached && outcome.kind !== "unavailable") {
      reached = true;
      await context.reached?.();
    }
    const next = enrollNext(memory, outcome, random);
    if (next.kind === "accepted") {
      log.info({ machine: next.machineId }, "enrolled");
      return next.machineId;
    }
    logOutcome(log, memory, outcome, { delay: next.delay, ...machine });
    memory = next.memory;
    if (memory.token === undefined && (await askFor()) !== undefined) {
      continue;
    }
    await clock.sleep(next.delay, signal);
    await askFor();
  }

  async function askFor(): Promise<string | undefined> {
    if (memory.token === undefined && askToken !== undefined) {
      memory = { ...memory, token: await askToken(machine, signal) };
      signal.throwIfAborted();
    }
    return memory.token;
  }
}

function logOutcome(
  log: Logger,
  memory: EnrollMemory,
  outcome: CallOutcome<EnrollResponse>,
  details: { delay: number; smbiosUuid: string; macs: string[] },
): void {
  switch (outcome.kind) {
    case "ok":
      log.warn(
        { ...details, withToken: memory.token !== undefined },
        "this machine waits for approval: approve it, or open a boot window for it",
      );
      break;
    case "unavailable":
      log.warn(
        { cause: outcome.message, failures: memory.failures + 1, delay: details.delay },
        "the control plane cannot be reached; trying again",
      );
      break;
    case "invalid":
    case "unauthenticated":
    case "fatal":
      log.error(
        { outcome: outcome.kind, cause: outcome.message, delay: details.delay },
        "the control plane refuses this machine's enrolment; trying again later",
      );
      break;
  }
}
