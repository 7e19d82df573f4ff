import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { OSInstallationRequestSchema } from "../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { vendorDataAgain } from "./came-up/vendor-data.ts";

/**
 * The same request with another generation, including fields that this program does not know. If its vendor data has a
 * one-time token, `mint` makes its replacement.
 * @throws {Error} if the bytes are not a request
 */
export function requestAgain(
  raw: Uint8Array,
  generation: bigint,
  mint: () => string,
): { raw: Uint8Array; token?: string } {
  const request = fromBinary(OSInstallationRequestSchema, raw);
  request.generation = generation;
  const made =
    request.type.case === "image" ? vendorDataAgain(request.type.value.vendorData, generation, mint) : undefined;
  if (made !== undefined && request.type.case === "image") {
    request.type.value.vendorData = made.vendorData;
  }
  return { raw: toBinary(OSInstallationRequestSchema, request), ...(made === undefined ? {} : { token: made.token }) };
}
