import { randomBytes } from "node:crypto";
import type { AgentInit } from "../../gen/cloud/agent/api/takeover_pb.ts";
import type { AgentHardwareReport } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { Clock } from "../lib/clock.ts";
import { systemClock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import { controlPlaneConnect } from "./calls/control-plane.ts";
import { fileDisks, machineDisks } from "./disk/disks.ts";
import { equalDiskWarnings } from "./install/fit/equal-disks.ts";
import { hardwareReport } from "./hardware/report.ts";
import { heartbeatLoop, type HeartbeatEnd } from "./loops/heartbeat.ts";
import { initCheck } from "./calls/init-file.ts";
import { createInstallations } from "./installations.ts";
import type { FetchLimits } from "./install/fetch/http-answer.ts";
import { startLogSender } from "./loops/log-sender.ts";
import type { LogTail } from "./loops/log-tail.ts";
import { runRecordOpen, type RunRecord } from "./run-record.ts";
import { agentFeatures } from "./features.ts";
import { createReboot } from "./reboot.ts";
import { resultFile } from "./result-file.ts";
import { createWaker } from "./loops/wake.ts";
import { startWatch } from "./loops/watch.ts";
import { defined } from "../lib/defined.ts";

/** Options of an agent. */
export interface AgentOptions {
  init: AgentInit;
  /** The machine's hardware, if it was read already. */
  hardware?: AgentHardwareReport | undefined;
  /** Only the files in this folder are disks; the machine's own disks are never written. */
  fileDisks?: string | undefined;
  log: Logger;
  /** The lines of `log`, to be sent to the control plane. */
  logTail?: LogTail | undefined;
  clock?: Clock | undefined;
  /** Milliseconds; default 30,000. */
  heartbeatIntervalMs?: number | undefined;
  fetchLimits?: FetchLimits | undefined;
  random?: (() => number) | undefined;
  /**
   * Reboots the machine into its disk; called once a success was acknowledged and nothing else is requested. Only the
   * agent of the boot image has it: a host that runs another system is never rebooted.
   */
  reboot?: (() => Promise<void>) | undefined;
  /**
   * Where a success is stored until it is acknowledged, for the next run if this one ends; it must not outlive a
   * reboot.
   */
  resultFile?: string | undefined;
  /**
   * A folder in this host's memory, where runs find out whether their predecessor has ended; undefined if they can't.
   */
  runDirectory?: string | undefined;
  /** The agent enrolled with its key: after twenty refusals it ends, to enrol again. */
  canEnrol?: boolean | undefined;
  signal: AbortSignal;
}

const heartbeatInterval = 30_000;
// docs/wire.md: 16 random bytes, made when the agent starts.
const runIdBytes = 16;
/** Milliseconds between looks at a record that another live run holds. */
const recordInterval = 2_000;

/**
 * Runs the agent until `signal` is aborted or its key was refused for good; then resolves, with nothing left open and
 * nothing written any more.
 * @throws {AgentError} `init_invalid` if it can't start
 */
export async function runAgent(options: AgentOptions): Promise<HeartbeatEnd> {
  const { init, signal, clock = systemClock, random = Math.random } = options;
  initCheck(init);
  const { machineId } = init.takeoverInit;
  const runId = randomBytes(runIdBytes);
  const log = options.log.child({ machine: machineId, run: runId.toString("hex") });
  // Checked first: an agent that can't start leaves no record of a run.
  const disks = options.fileDisks === undefined ? machineDisks() : fileDisks(options.fileDisks);
  const onlyDisks = options.fileDisks === undefined ? undefined : (await disks.list()).map(({ device }) => device);
  await using record = await runRecordOpen({ directory: options.runDirectory, machineId, runId, log });
  const hardware =
    options.hardware ??
    (await hardwareReport({
      ...defined({ onlyDisks }),
      warnings: () => equalDiskWarnings(disks, clock),
    }));
  using controlPlane = controlPlaneConnect(init);
  const { logTail: tail } = options;
  await using logSender =
    tail === undefined ? undefined : startLogSender({ machineId, runId, controlPlane, tail, clock, random });
  const waker = createWaker(clock, signal);
  const heard = new Set<(sentAt: number) => void>();
  const onHeartbeat = (listener: (sentAt: number) => void): (() => void) => {
    heard.add(listener);
    return () => heard.delete(listener);
  };
  const context = {
    machineId,
    runId,
    controlPlane,
    disks,
    clock,
    log,
    random,
    limits: options.fetchLimits,
    onHeartbeat,
  };
  const kept = resultFile(options.resultFile, log);
  await using installations = createInstallations({
    run: async (request, aborted) => {
      await kept.forget();
      if (!(await mayWrite(record, clock, aborted))) {
        return { kind: "dropped", refused: false };
      }
      // Loaded when it is needed: its libraries (YAML, the list of public suffixes) are a quarter of the agent.
      const { runInstallation } = await import("./install/run-installation.ts");
      const end = await runInstallation(request, context, aborted);
      if (end.kind === "success") {
        await kept.remember({ generation: request.generation, runId });
      }
      if (end.kind === "dropped") {
        // Called off, or its key refused: another agent on this host need not wait for it.
        await record.release();
      }
      return end;
    },
    reportReady: () => waker.wake(),
    unreported: await kept.recall(),
    log,
  });
  const reboot =
    options.reboot === undefined
      ? undefined
      : createReboot({ reboot: options.reboot, controlPlane, machineId, runId, log, signal });
  await using watch = startWatch({ machineId, runId, controlPlane, installations, clock, random, log });
  log.info({ controlPlane: init.takeoverInit.bmaasEndpoint, warnings: hardware.warning }, "agent started");
  const interval = options.heartbeatIntervalMs ?? heartbeatInterval;
  const end = await heartbeatLoop({
    machineId,
    runId,
    runs: record,
    features: agentFeatures,
    heard: (sentAt) => heard.forEach((listener) => listener(sentAt)),
    canEnrol: options.canEnrol === true,
    clock,
    controlPlane,
    installations,
    hardware,
    answered: () => {
      watch.heartbeatAnswered();
      logSender?.heartbeatAnswered();
      const generation = installations.installed();
      if (generation !== undefined) {
        reboot?.(generation);
      }
    },
    waker,
    interval,
    random,
    log,
    signal,
  });
  log.info(end === "stopped" ? "agent stopping" : "the control plane refuses this agent's key for good");
  return end;
}

/** Waits until this run may write as far as this host's runs go. False if `signal` is aborted first. */
async function mayWrite(record: RunRecord, clock: Clock, signal: AbortSignal): Promise<boolean> {
  while (!(await record.renew())) {
    await clock.sleep(recordInterval, signal).catch(() => undefined); // Aborted: the next line returns.
    if (signal.aborted) {
      return false;
    }
  }
  return true;
}
