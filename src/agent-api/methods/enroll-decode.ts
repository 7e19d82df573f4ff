import { createHash } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { EnrollRequestSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import type { AgentEnrollment } from "../../database/queries/enrollment/enrollment.ts";
import { identifyingMacs } from "../../contract/identifying-macs.ts";
import { macOfBytes, macTellsApart } from "../../lib/net/mac.ts";
import { smbiosUuidParse } from "../../contract/smbios-uuid.ts";
import { featuresDecode } from "./features-decode.ts";
import { hardwareDecode } from "./hardware-decode.ts";
import { limits } from "../limits.ts";
import { invalid, type Refusal } from "../refusal.ts";
import { messageProblem } from "../admission/message-check.ts";
import { wireMerged } from "../wire.ts";

/** Field number of EnrollRequest.hardware_report. */
const hardwareField = 4;

/** What an agent reports about itself; the caller adds the connection's key and address. */
export type DecodedEnrollment = Omit<AgentEnrollment, "publicKey" | "address">;

/**
 * Decodes an EnrollRequest and checks everything that could make the SQL statement fail. UUIDs and MACs that do not
 * identify a machine are left out, and so is text that is not a UUID: firmware may contain anything.
 */
export function enrollDecode(message: Buffer): DecodedEnrollment | Refusal {
  const problem = messageProblem(EnrollRequestSchema, message);
  if (problem !== undefined) {
    return invalid(problem);
  }
  const raw = wireMerged(message, hardwareField);
  const beside = message.length - (raw?.length ?? 0);
  if (beside > limits.enrollment) {
    return invalid(`the request has ${beside} bytes beside hardware_report: at most ${limits.enrollment} are accepted`);
  }
  let request;
  try {
    request = fromBinary(EnrollRequestSchema, message);
  } catch {
    // Whatever the bytes are, the answer is that they are not a message.
    return invalid("the request is not a protobuf message");
  }
  const { token, smbiosUuid, mac } = request;
  if (Buffer.byteLength(token) > limits.token) {
    return invalid(`token has more than ${limits.token} bytes`);
  }
  if (Buffer.byteLength(smbiosUuid) > limits.smbiosUuid) {
    return invalid(`smbios_uuid has more than ${limits.smbiosUuid} bytes`);
  }
  if (mac.length > limits.macs) {
    return invalid(`mac has ${mac.length} entries: at most ${limits.macs} are accepted`);
  }
  const wrong = mac.find((bytes) => bytes.length !== 6);
  if (wrong !== undefined) {
    return invalid(`mac has an entry of ${wrong.length} bytes: expected the 6 of an EUI-48`);
  }
  const hardware = raw === undefined ? undefined : hardwareDecode(raw);
  if (hardware !== undefined && "code" in hardware) {
    return hardware;
  }
  const features = featuresDecode(request.feature);
  if ("code" in features) {
    return features;
  }
  // Earlier agents report all their ports, including those whose address many boards share.
  const ports = request.hardwareReport?.report?.networkInterface ?? [];
  const telling = new Set(identifyingMacs(ports));
  const nothing = new Set(ports.flatMap((port) => macOfBytes(port.mac) ?? []).filter((one) => !telling.has(one)));
  const named = [...new Set(mac.flatMap((bytes) => macOfBytes(bytes) ?? []))];
  return {
    identity: {
      smbiosUuid: smbiosUuidParse(smbiosUuid),
      macs: named.filter((one) => macTellsApart(one) && !nothing.has(one)),
    },
    ...(token === "" ? {} : { tokenDigest: createHash("sha256").update(token).digest() }),
    ...(hardware === undefined ? {} : { hardware }),
    features,
  };
}
