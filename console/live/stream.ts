import type { Client } from "@connectrpc/connect";
import type { MachineService, MachineWatchRequest } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { callFailure } from "../api/failure.ts";
import type { LiveMessage } from "./live-message.ts";
import { nextTryAfter } from "./next-try.ts";

/** Milliseconds of silence after which a stream is given up: the server sends at least every 15 s. */
const silence = 22_000;

/** What a stream asks for besides its cursor. */
export type StreamRequest = Pick<MachineWatchRequest, "machines"> & Partial<Pick<MachineWatchRequest, "filter">>;

/** Options of {@link streamHold}. */
export interface StreamOptions {
  client: Pick<Client<typeof MachineService>, "machineWatch">;
  /** The last cursor that is known; empty means none. */
  cursor: string;
  /** What to ask for, as it is now. */
  request: () => StreamRequest;
  /** Passes on what was heard. */
  say: (message: LiveMessage) => void;
  /** Ends it. */
  signal: AbortSignal;
  /** Resolves after `milliseconds`, or earlier where a new try is worthwhile; never rejects. */
  wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** A stream that is held. */
export interface HeldStream {
  /** Asks again, with a request that has changed, from the cursor where it is. */
  restart(): void;
  /** Resolves when the signal has ended it. */
  readonly ended: Promise<void>;
}

/** Holds the one stream of this browser: tries again whenever it ends, from the cursor where it ended. */
export function streamHold(options: StreamOptions): HeldStream {
  let current = new AbortController();
  let restarting = false;
  const ended = (async (): Promise<void> => {
    let { cursor } = options;
    let failed = 0;
    while (!options.signal.aborted) {
      current = new AbortController();
      restarting = false;
      try {
        for await (const answer of answers({ ...options, cursor }, current)) {
          failed = 0;
          ({ cursor } = answer);
          options.say({ kind: "answer", answer });
          options.say({ kind: "status", live: true, cursor });
        }
        failed += 1;
        options.say({ kind: "status", live: false, cursor });
      } catch (error) {
        if (options.signal.aborted) {
          return;
        }
        if (restarting) {
          continue;
        }
        const { code, message } = callFailure(error);
        if (cursor !== "" && (code === "failed_precondition" || code === "invalid_argument")) {
          // The database is another one than before, as after a restore.
          cursor = "";
          options.say({ kind: "renew", why: "the server's database is not the one of before" });
          continue;
        }
        failed += 1;
        const reason = code === "away" || code === "cancelled" ? undefined : message;
        options.say({ kind: "status", live: false, cursor, reason });
      }
      await options.wait(nextTryAfter(failed), options.signal);
    }
  })();
  return {
    ended,
    restart: () => {
      restarting = true;
      current.abort();
    },
  };
}

/** One stream's answers; a silent one is ended. */
async function* answers({ client, cursor, request, signal }: StreamOptions, current: AbortController) {
  let timer = setTimeout(() => current.abort(), silence);
  try {
    const both = AbortSignal.any([signal, current.signal]);
    for await (const answer of client.machineWatch({ ...request(), cursor }, { signal: both })) {
      clearTimeout(timer);
      timer = setTimeout(() => current.abort(), silence);
      yield answer;
    }
  } finally {
    clearTimeout(timer);
  }
}
