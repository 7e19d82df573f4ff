import type { ControllerErrorCode } from "../../controllers/controller.ts";
import type { MachineId } from "../../database/ids.ts";
import type { Session } from "../../database/session.ts";
import type { Tx } from "../../database/transaction.ts";
import type { Work } from "../../database/work.ts";
import type { Clock } from "../../lib/clock.ts";

/** One start of an agent, as a means gets it. */
export interface AgentStart {
  work: Work;
  session: Session;
  clock: Clock;
  /** Aborts when the session is lost or the shepherd stops. */
  signal: AbortSignal;
  /** Seconds that a machine has to boot from the network and enrol. */
  bootSeconds: number;
  /** Whether what runs on the machine may be stopped. Without it, only a machine that is off is started. */
  allowed: boolean;
  /** Records how far the start has come, for `explain`: a clause such as "waiting for its agent". */
  step(text: string): Promise<void>;
}

/** How a start ended. */
export type AgentStarted =
  /** The agent has come. `tags`, if given, writes in the transaction that ends the work; so it does below. */
  | { end: "agent"; tags?: (tx: Tx) => Promise<void> }
  /** It was not begun: the machine runs something that may not be stopped. Not a failure of the means. */
  | {
      end: "left";
      /** Who says so: "controller", or the name of a provider. */
      foundBy: string;
    }
  /** `code`: of the controller's error, by which `explain` names a remedy. */
  | { end: "failed"; cause: string; code?: ControllerErrorCode; tags?: (tx: Tx) => Promise<void> };

/**
 * A means of getting an agent onto one machine. What it needs is in `contract/boot-means.ts`. A start that was killed
 * at any point is followed by another one, which continues with it or starts over.
 */
export interface AgentMeans {
  /**
   * Starts an agent once; resolves when the agent has come or can't come any more.
   * @throws {ControllerError}, {ProviderError} which end the start as failed
   */
  start(start: AgentStart): Promise<AgentStarted>;
  /**
   * Removes what a start left behind that changes what the machine boots, such as a boot override. Called after each
   * start that was begun, whatever its end; what a boot on its way still needs is left. Absent = nothing is left behind.
   */
  undo?(machineId: MachineId, signal: AbortSignal): Promise<void>;
}
