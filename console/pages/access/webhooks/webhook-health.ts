import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Webhook } from "../../../../gen/farrier/operator/v1/webhook_pb.ts";
import type { StateLook } from "../../../parts/machine-state-looks.ts";

/** Counts of the server end there. */
const countMost = 10_000n;

/** How a webhook is: by its last try, and by what was given up. Pure. */
export function webhookHealth({ failedAt, deliveredAt, deadLetters, waiting }: Webhook): StateLook {
  const failed = failedAt === undefined ? 0 : timestampMs(failedAt);
  const taken = deliveredAt === undefined ? 0 : timestampMs(deliveredAt);
  if (failed > taken) {
    return { word: "failing", icon: "cross", tone: "bad" };
  }
  if (deadLetters > 0n) {
    return { word: "has dead letters", icon: "warning", tone: "warn" };
  }
  if (taken === 0) {
    return waiting > 0n
      ? { word: "not answered yet", icon: "hourglass", tone: "busy" }
      : { word: "nothing sent yet", icon: "dashed", tone: "idle" };
  }
  return { word: "answers", icon: "check", tone: "good" };
}

/** A count, which the server ends at 10,000. Pure. */
export function webhookCount(count: bigint): string {
  return `${count >= countMost ? "at least " : ""}${count.toLocaleString("en")}`;
}
