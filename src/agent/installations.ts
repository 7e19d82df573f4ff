import { create } from "@bufbuild/protobuf";
import { OSInstallationReportSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type {
  AgentHeartbeatResponse,
  OSInstallationReport,
  OSInstallationRequest,
} from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { Logger } from "../lib/log.ts";
import type { InstallationEnd, InstallerEvent, InstallerState } from "./installer.ts";
import type { KeptResult } from "./result-file.ts";
import { greatestSeen, installedAtRest, installerDecide } from "./installer.ts";
import { defined } from "../lib/defined.ts";

/** Runs the installer; the heartbeat loop feeds it with news and reads its results. */
export interface Installations extends AsyncDisposable {
  /** News from a heartbeat's answer, or from a message of the watch. */
  offer(news: Pick<AgentHeartbeatResponse, "cancelledGeneration" | "installationRequest">): void;
  /** The greatest generation that this run has begun; 0 means none. */
  lastSeen(): bigint;
  /** The agent's key was accepted before, and is refused now. */
  refused(): void;
  /** The result that waits to be acknowledged. */
  report(): OSInstallationReport | undefined;
  /** A heartbeat with the result of this generation was answered OK. */
  acknowledged(generation: bigint): void;
  /** The generation that is installed, acknowledged, and not followed by another; undefined if there is none. */
  installed(): bigint | undefined;
}

/**
 * Carries out installerDecide's actions. `run` carries out one request and never throws; `reportReady` is called when
 * there is a result. Disposing aborts a running installation and waits for its end.
 */
export function createInstallations(options: {
  run: (request: OSInstallationRequest, signal: AbortSignal) => Promise<InstallationEnd>;
  reportReady: () => void;
  /** A success of an earlier run of the agent since the machine started, which was not acknowledged. */
  unreported?: KeptResult | undefined;
  log: Logger;
}): Installations {
  const { run, reportReady, unreported, log } = options;
  let state: InstallerState =
    unreported === undefined ? { kind: "idle" } : { kind: "reporting", ...unreported, result: { kind: "success" } };
  let current: { controller: AbortController; ended: Promise<void> } | undefined;
  let disposed = false;
  const begin = (request: OSInstallationRequest): void => {
    const controller = new AbortController();
    const { generation } = request;
    const ended = run(request, controller.signal).then((end) => tell({ kind: "ended", generation, end }));
    current = { controller, ended };
  };
  const tell = (event: InstallerEvent): void => {
    // A stopped installation reports nothing: the next run begins again if it is still requested.
    if (disposed) {
      return;
    }
    const decision = installerDecide(state, event);
    state = decision.state;
    for (const action of decision.actions) {
      switch (action.kind) {
        case "begin":
          begin(action.request);
          break;
        case "abort":
          log.warn({ generation: String(action.generation), reason: action.reason }, "aborting the installation");
          current?.controller.abort(new Error(action.reason));
          break;
        case "report":
          reportReady();
          break;
      }
    }
  };
  return {
    offer: ({ cancelledGeneration, installationRequest }) => {
      if (cancelledGeneration !== 0n) {
        tell({ kind: "cancelled", generation: cancelledGeneration });
      }
      if (installationRequest !== undefined) {
        tell({ kind: "requested", request: installationRequest });
      }
    },
    lastSeen: () => greatestSeen(state),
    refused: () => tell({ kind: "refused" }),
    report: () => (state.kind === "reporting" ? reportOf(state) : undefined),
    acknowledged: (generation) => tell({ kind: "acknowledged", generation }),
    installed: () => installedAtRest(state),
    [Symbol.asyncDispose]: async () => {
      disposed = true;
      current?.controller.abort(new Error("the agent is stopping"));
      await current?.ended;
    },
  };
}

function reportOf({ generation, result, runId }: InstallerState & { kind: "reporting" }): OSInstallationReport {
  return create(OSInstallationReportSchema, {
    generation,
    ...defined({ runId }),
    result:
      result.kind === "success"
        ? { case: "success", value: {} }
        : { case: "error", value: { error: result.error, cause: result.cause ?? "" } },
  });
}
