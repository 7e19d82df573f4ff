import { fromBinary } from "@bufbuild/protobuf";
import { OSInstallationRequestSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { ImageInstallation } from "../../../gen/farrier/agent/v1/image/image_pb.ts";

/** The requested image; undefined for a request of another system's type, or a request that can't be parsed. */
export function requestedImage(raw: Uint8Array): ImageInstallation | undefined {
  try {
    const { type } = fromBinary(OSInstallationRequestSchema, raw);
    return type.case === "image" ? type.value : undefined;
  } catch {
    // A stored request that can't be parsed is reported when it is handed out; everything else is shown anyway.
    return undefined;
  }
}
