import { createHash } from "node:crypto";
import { machineId, type MachineId, type RequestId } from "../../database/ids.ts";

/**
 * The id of the machine that a request makes: the same request names the same machine. A UUID of version 8 (RFC 9562, 5.8),
 * from the request id's SHA-256.
 */
export function machineIdOfRequest(requestId: RequestId): MachineId {
  const hash = createHash("sha256").update(`farrier machine ${requestId}`).digest();
  hash.writeUInt8(0x80 | (hash.readUInt8(6) & 0x0f), 6);
  hash.writeUInt8(0x80 | (hash.readUInt8(8) & 0x3f), 8);
  const hex = hash.toString("hex");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)];
  return machineId(parts.join("-"));
}
