import type { HeartbeatOutcome } from "../../database/heartbeat/heartbeat-entry.ts";

/** What a waiting agent is told. */
export type WatchNews =
  | { kind: "request"; generation: bigint; raw: Uint8Array }
  | { kind: "cancelled"; generation: bigint }
  | { kind: "keepalive" };

/** What a watcher knows of what its agent knows. */
export interface WatchMemory {
  /** The greatest generation that the agent has. */
  lastSeen: bigint;
  /** The generation that it was last told is called off; 0 = none. */
  cancelled: bigint;
}

/**
 * What is news to the agent: a request of a greater generation than it has, or that the one it has is called off. Pure.
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
  /** Looks whether there is news. Looks that are asked for during one come to one more. */
  look(): void;
  keepalive(): void;
  /** Ends the stream: the server is stopping. */
  stop(): void;
}

/** Why a watch ends from the server's side. */
export type WatchStreamEnd = "unauthenticated" | "unavailable" | "stopping";

/** Makes one; the first look must be asked for. */
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
      // Unavailable later on: the listener's next word, or the next heartbeat, makes up for it.
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
