import { fromBinary } from "@bufbuild/protobuf";
import { WatchRequestSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { MachineId } from "../../database/ids.ts";
import { runNamed } from "./run-named.ts";
import { invalid, type Refusal } from "../refusal.ts";

/** A call of Watch, checked. */
export interface DecodedWatch {
  machineId: MachineId;
  lastSeen: bigint;
  runId?: Uint8Array;
}

/** Checks everything that could make the SQL statement fail. */
export function watchDecode(message: Buffer): DecodedWatch | Refusal {
  try {
    const request = fromBinary(WatchRequestSchema, message);
    const { lastSeenGeneration } = request;
    const named = runNamed(request);
    if ("code" in named) {
      return named;
    }
    if (lastSeenGeneration < 0n) {
      return invalid(`last_seen_generation is ${lastSeenGeneration}: expected 0 or more`);
    }
    return { ...named, lastSeen: lastSeenGeneration };
  } catch {
    return invalid("the request is not a protobuf message");
  }
}
