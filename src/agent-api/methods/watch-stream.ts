import type { HeartbeatOutcome } from "../../database/heartbeat/heartbeat-entry.ts";

/** What a waiting agent is told. */
export type WatchNews =
  | { kind: "request"; generation: bigint; raw: Uint8Array }
  | { kind: "cancelled"; generation: bigint }
  | { kind: "keepalive" };

/** What the agent of a watcher already knows. */
export interface WatchMemory {
  /** The greatest generation that the agent has. */
  lastSeen: bigint;
  /** The generation that was last reported to it as called off; 0 means none. */
  cancelled: bigint;
}

/**
 * The news for an agent: a request with a greater generation than it has, or that its generation is called off. Pure.
 */
export function watchNews(
  memory: WatchMemory,
  outcome: HeartbeatOutcome & { status: "ok" },
): { memory: WatchMemory; news?: WatchNews } {
  const { request, cancelledGeneration } = outcome;
  if (request !== undefined && request.generation > memory.lastSeen) {
    return { memory: { ...memory, lastSeen: request.generation }, news: { kind: "request", ...request } };
  }
  if (
    cancelledGeneration !== undefined &&
    cancelledGeneration === memory.lastSeen &&
    cancelledGeneration > memory.cancelled
  ) {
    return {
      memory: { ...memory, cancelled: cancelledGeneration },
      news: { kind: "cancelled", generation: cancelledGeneration },
    };
  }
  return { memory };
}

/** One waiting agent. */
export interface WatchStream {
  /** Checks for news. Requests for a check during a check lead to one more. */
  look(): void;
  keepalive(): void;
  /** Ends the stream because the server is stopping. */
  stop(): void;
}

/** Why the server ends a watch. */
export type WatchStreamEnd = "unauthenticated" | "unavailable" | "stopping";

/** Creates a watcher; the first look must be requested. */
export function createWatchStream(options: {
  lastSeen: bigint;
  look: () => Promise<HeartbeatOutcome>;
  send: (news: WatchNews) => void;
  end: (reason: WatchStreamEnd) => void;
}): WatchStream {
  let memory: WatchMemory = { lastSeen: options.lastSeen, cancelled: 0n };
  let looking = false;
  let again = false;
  let first = true;

  function look(): void {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    void options.look().then((outcome) => {
      looking = false;
      if (outcome.status === "unauthenticated" || (outcome.status === "unavailable" && first)) {
        options.end(outcome.status);
        return;
      }
      first = false;
      // If a later look is unavailable, the next notification or heartbeat makes up for it.
      if (outcome.status === "ok") {
        const next = watchNews(memory, outcome);
        ({ memory } = next);
        if (next.news !== undefined) {
          options.send(next.news);
        }
      }
      if (again) {
        again = false;
        look();
      }
    });
  }

  return {
    look,
    keepalive: () => options.send({ kind: "keepalive" }),
    stop: () => options.end("stopping"),
  };
}
