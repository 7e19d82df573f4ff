import type { ReportProgressResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import { pushbackDelay } from "../../lib/retry.ts";
import type { CallOutcome } from "../calls/control-plane.ts";
import { AgentError } from "../errors.ts";
import { CalledOff } from "./called-off.ts";

const retryPolicy = { initial: 500, maximum: 30_000, factor: 2 };
// Upper bound in milliseconds of the server's own wait: the previous writer may be gone by then.
const longest = 60_000;

/**
 * Asks for the acknowledgement of WRITING, without which no byte may go to a disk: only an OK that does not call off
 * the generation counts. The call is repeated until an answer comes: when the server said so, otherwise with backoff.
 * @throws {CalledOff} if the generation is called off, or the key refused
 * @throws {AgentError} `not_acknowledged` if the control plane refuses the message itself
 */
export async function acknowledgeWriting(options: {
  report: () => Promise<CallOutcome<ReportProgressResponse>>;
  clock: Clock;
  log: Logger;
  random?: (() => number) | undefined;
  signal: AbortSignal;
}): Promise<void> {
  const { report, clock, log, random = Math.random, signal } = options;
  for (let attempt = 0; ; attempt += 1) {
    const outcome = await report();
    signal.throwIfAborted();
    switch (outcome.kind) {
      case "ok":
        if (outcome.response.cancelledGeneration !== 0n) {
          throw new CalledOff("the control plane called the generation off before the disk was written", false);
        }
        return;
      case "unavailable": {
        const delay = pushbackDelay(retryPolicy, attempt, { pushback: outcome.retryAfter, longest, random });
        log.warn({ delay, cause: outcome.message }, "WRITING is not acknowledged yet: no byte is written until it is");
        await clock.sleep(delay, signal);
        break;
      }
      case "unauthenticated":
        throw new CalledOff(`the control plane refuses this agent's key: ${outcome.message}`, true);
      case "invalid":
      case "fatal":
        throw new AgentError(
          "not_acknowledged",
          `the control plane did not acknowledge WRITING, so nothing was written: ${outcome.message}`,
        );
    }
  }
}
