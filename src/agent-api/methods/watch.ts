import { create, toBinary } from "@bufbuild/protobuf";
import type { handleServerStreamingCall } from "@grpc/grpc-js";
import { WatchResponseSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { HeartbeatEntry } from "../../database/heartbeat/heartbeat-entry.ts";
import type { Heartbeats } from "../../database/heartbeat/heartbeats.ts";
import type { AgentCalls } from "../agent-call.ts";
import type { RefusalLog } from "../refusal-log.ts";
import { unauthenticated, unavailable, type Refusal } from "../refusal.ts";
import { wireBytes, wireNumber } from "../wire.ts";
import { handedOut, type HandOut } from "../hand-out.ts";
import type { OpenWatches } from "./open-watches.ts";
import { watchDecode } from "./watch-decode.ts";
import { createWatchStream } from "./watch-stream.ts";

/** Field numbers of WatchResponse. */
const field = { installationRequest: 1, cancelledGeneration: 2 } as const;

const keepalive = Buffer.from(
  toBinary(WatchResponseSchema, create(WatchResponseSchema, { event: { case: "keepalive", value: {} } })),
);

/** Makes the handler of AgentService.Watch. */
export function watchHandler(deps: {
  calls: AgentCalls;
  heartbeats: Heartbeats;
  watches: OpenWatches;
  refusals: RefusalLog;
  handOut?: HandOut | undefined;
}): handleServerStreamingCall<Buffer, Buffer> {
  const { calls, heartbeats, watches, refusals, handOut } = deps;
  return (call) => {
    const peer = calls.peer(call.metadata);
    const end = (refusal: Refusal, machine?: string): void => {
      refusals.record("watch", peer, refusal.details, machine);
      call.emit("error", refusal);
    };
    const watch = watchDecode(call.request);
    if ("code" in watch) {
      end(watch);
      return;
    }
    const entry: HeartbeatEntry = {
      machineId: watch.machineId,
      publicKey: peer.key,
      ...(watch.runId === undefined ? {} : { runId: watch.runId }),
    };
    const watcher = createWatchStream({
      lastSeen: watch.lastSeen,
      look: async () => {
        const outcome = await heartbeats.look(entry, peer.keyIdentity, { connection: peer, known: true });
        return outcome.status === "ok" ? handedOut(handOut, entry, outcome) : outcome;
      },
      send: (news) => {
        call.write(
          news.kind === "request"
            ? Buffer.concat(wireBytes(field.installationRequest, news.raw))
            : news.kind === "cancelled"
              ? wireNumber(field.cancelledGeneration, news.generation)
              : keepalive,
        );
      },
      end: (reason) => {
        stop();
        if (reason === "stopping") {
          call.emit("error", unavailable);
        } else {
          end(reason === "unauthenticated" ? unauthenticated : unavailable, watch.machineId);
        }
      },
    });
    // Added before the first look, so that no later change is missed.
    const stop = watches.add(watch.machineId, watcher);
    call.on("cancelled", stop);
    call.on("close", stop);
    watcher.look();
  };
}
