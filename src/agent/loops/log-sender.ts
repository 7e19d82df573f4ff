import { create } from "@bufbuild/protobuf";
import { ReportLogRequestSchema, type ReportLogRequest } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { ControlPlaneClient } from "../calls/control-plane.ts";
import { logNext } from "./log-next.ts";
import type { LogTail } from "./log-tail.ts";

/** What the sender needs. */
export interface LogSenderContext {
  machineId: string;
  runId: Uint8Array;
  controlPlane: Pick<ControlPlaneClient, "reportLog">;
  tail: LogTail;
  clock: Clock;
  random: () => number;
}

/** Sends an agent's log. Disposing sends the waiting lines if that is quick, and ends it. */
export interface LogSender extends AsyncDisposable {
  /** A heartbeat was answered OK: lines may be sent. */
  heartbeatAnswered(): void;
}

/** Milliseconds, so that agents that reconnect together do not send their first lines together. */
const firstSpread = 2_000;
/** Milliseconds that a stopping agent waits for its last lines. */
const lastWords = 500;

/**
 * Sends the lines of a tail, beginning after the first heartbeat that was answered OK. Nothing depends on it or waits
 * for it, and it logs nothing about itself into the log that it sends.
 */
export function startLogSender(context: LogSenderContext): LogSender {
  const { machineId, runId, controlPlane, tail, clock, random } = context;
  const stop = new AbortController();
  /** Aborts running calls when it stops, a little later. */
  const cut = new AbortController();
  let answered = Promise.withResolvers<void>();
  let sequence = 0n;
  /**
   * Sent, and not known to have arrived: a repeated call must have the same lines, because the server ignores
   * additional ones.
   */
  let pending: ReportLogRequest | undefined;
  let taken = false;

  function nextRequest(): ReportLogRequest | undefined {
    if (pending === undefined) {
      const { lines, dropped } = tail.batch();
      if (lines.length === 0) {
        return undefined;
      }
      sequence += 1n;
      pending = create(ReportLogRequestSchema, { machineId, runId, sequence, lines, dropped: BigInt(dropped) });
    }
    return pending;
  }

  const stopped = new Promise<void>((resolve) => {
    stop.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const pause = (milliseconds: number): Promise<void> => clock.sleep(milliseconds, stop.signal).catch(() => undefined); // Stopping: the loop's condition ends it.

  const running = (async () => {
    let failures = 0;
    await Promise.race([answered.promise, stopped]);
    await pause(random() * firstSpread);
    while (!stop.signal.aborted) {
      if (pending === undefined) {
        await Promise.race([tail.some(), stopped]);
      }
      const request = stop.signal.aborted ? undefined : nextRequest();
      if (request === undefined) {
        continue;
      }
      const outcome = await controlPlane.reportLog(request, cut.signal);
      const next = logNext(failures, outcome, random);
      ({ failures } = next);
      taken = next.lines === "sent";
      if (next.lines !== "again") {
        pending = undefined;
        if (next.lines === "lost") {
          tail.lost(request.lines.length + Number(request.dropped));
        }
      }
      answered = Promise.withResolvers();
      await pause(next.delay);
      if (next.awaitHeartbeat) {
        await Promise.race([answered.promise, stopped]);
      }
    }
  })();

  return {
    heartbeatAnswered: () => answered.resolve(),
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error("the agent is stopping"));
      const ended = new AbortController();
      const late = clock.sleep(lastWords, ended.signal).then(
        () => cut.abort(new Error("the agent is stopping")),
        () => undefined, // Everything was sent before.
      );
      await running;
      const last = taken ? nextRequest() : undefined;
      if (last !== undefined) {
        await controlPlane.reportLog(last, cut.signal);
      }
      ended.abort();
      await late;
    },
  };
}
