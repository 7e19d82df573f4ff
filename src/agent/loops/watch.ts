import { create } from "@bufbuild/protobuf";
import { WatchRequestSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { WatchResponse } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { ControlPlaneClient } from "../calls/control-plane.ts";
import type { Installations } from "../installations.ts";
import type { WatchEnd } from "./watch-next.ts";
import { watchNext } from "./watch-next.ts";

/** What the watch needs. */
export interface WatchContext {
  machineId: string;
  runId: Uint8Array;
  controlPlane: Pick<ControlPlaneClient, "watch">;
  installations: Pick<Installations, "offer" | "lastSeen">;
  clock: Clock;
  random: () => number;
  log: Logger;
}

/** An agent's watch. Disposing ends its stream. */
export interface AgentWatch extends AsyncDisposable {
  /** A heartbeat was answered OK: the stream may be opened. */
  heartbeatAnswered(): void;
}

/** Milliseconds without a message after which the control plane counts as gone; it sends a keepalive every 60 s. */
const silenceLimit = 150_000;

/**
 * Keeps a Watch stream open, beginning after the first heartbeat that was answered OK, so that a request, or its
 * cancellation, arrives at once. Nothing depends on it: heartbeats bring the same, only later.
 */
export function startWatch(context: WatchContext): AgentWatch {
  const stop = new AbortController();
  let answered = Promise.withResolvers<void>();
  const running = (async () => {
    let failures = 0;
    await untilAnswered();
    while (!stop.signal.aborted) {
      const opened = context.clock.monotonic();
      const end = await watchOnce(context, stop.signal);
      if (stop.signal.aborted) {
        return;
      }
      const next = watchNext(failures, end, context.clock.monotonic() - opened, context.random);
      logEnd(context.log, end, failures, next.delay);
      ({ failures } = next);
      answered = Promise.withResolvers();
      await context.clock.sleep(next.delay, stop.signal).catch(() => undefined); // Stopping: the loop's condition ends it.
      if (next.awaitHeartbeat) {
        await untilAnswered();
      }
    }
  })();

  async function untilAnswered(): Promise<void> {
    if (!stop.signal.aborted) {
      await answered.promise;
    }
  }

  return {
    heartbeatAnswered: () => answered.resolve(),
    [Symbol.asyncDispose]: async () => {
      stop.abort(new Error("the agent is stopping"));
      answered.resolve();
      await running;
    },
  };
}

/** Opens a stream and processes its messages until it ends or falls silent. */
async function watchOnce(context: WatchContext, signal: AbortSignal): Promise<WatchEnd> {
  const { machineId, runId, controlPlane, installations, clock } = context;
  const own = new AbortController();
  const stop = (): void => own.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  let heard = clock.monotonic();
  let silent = false;
  const watchdog = (async () => {
    while (!own.signal.aborted) {
      const left = heard + silenceLimit - clock.monotonic();
      if (left <= 0) {
        silent = true;
        own.abort(new Error("the stream fell silent"));
        return;
      }
      await clock.sleep(left, own.signal).catch(() => undefined); // The stream ended: the loop's condition ends it.
    }
  })();
  try {
    const request = create(WatchRequestSchema, { machineId, runId, lastSeenGeneration: installations.lastSeen() });
    const end = await controlPlane.watch(request, own.signal, (message) => {
      heard = clock.monotonic();
      heed(message, installations);
    });
    return silent ? { kind: "silent" } : end;
  } finally {
    signal.removeEventListener("abort", stop);
    own.abort();
    await watchdog;
  }
}

function heed({ event }: WatchResponse, installations: Pick<Installations, "offer">): void {
  switch (event.case) {
    case "installationRequest":
      installations.offer({ cancelledGeneration: 0n, installationRequest: event.value });
      break;
    case "cancelledGeneration":
      installations.offer({ cancelledGeneration: event.value });
      break;
    case "keepalive":
    case undefined:
      // A keepalive, or news of a later version.
      break;
  }
}

/** The first end in a row is logged at level info, repetitions at debug. */
function logEnd(log: Logger, end: WatchEnd, failures: number, delay: number): void {
  const cause = "message" in end ? end.message : "";
  if (end.kind === "fatal" || end.kind === "invalid") {
    log[failures === 0 ? "info" : "debug"](
      { cause, delay },
      "the control plane does not support Watch: using heartbeats only",
    );
  } else {
    log[failures === 0 ? "info" : "debug"]({ end: end.kind, cause, delay }, "the watch ended; opening it again");
  }
}
