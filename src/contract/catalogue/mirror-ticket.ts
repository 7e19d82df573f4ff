import { isUuid, uuidOfBytes } from "../../lib/format/uuid.ts";

// The URL of an image in a cache: /images/HEX, and ?ticket=TICKET unless the image is public. The ticket is in the query
// because no log shows that part of a URL.

/** Who may fetch an image from a cache, and until when. */
export interface MirrorTicket {
  machineId: string;
  generation: bigint;
  /** In seconds since 1970. */
  endsAt: number;
}

/** The machine in the ticket of a cache that copies from another cache. */
export const noMachine = "00000000-0000-0000-0000-000000000000";

/** What a request to a cache asks for. */
export interface MirrorAsked {
  /** SHA-256 of the image, 64 hexadecimal digits. */
  hex: string;
  ticket?: { ticket: MirrorTicket; mac: Uint8Array };
}

const folder = "/images/";
const macBytes = 32;
// machine (16) | generation (8) | end (6)
const headBytes = 30;
/** Maximum length of a request's target that is looked at. */
const targetMost = 512;

function head({ machineId, generation, endsAt }: MirrorTicket): Buffer {
  const bytes = Buffer.alloc(headBytes);
  bytes.write(machineId.replaceAll("-", ""), 0, 16, "hex");
  bytes.writeBigInt64BE(generation, 16);
  bytes.writeUIntBE(endsAt, 24, 6);
  return bytes;
}

/** The bytes whose HMAC a ticket has: what is fetched, by which machine, for which generation, until when. Pure. */
export function mirrorTicketBody(hex: string, ticket: MirrorTicket): Uint8Array {
  return Buffer.concat([Buffer.from(hex, "hex"), head(ticket)]);
}

/** The URL of an image at a cache. Pure. @param server such as http://10.0.0.1:8081 */
export function mirrorUrl(server: string, hex: string, ticket?: { ticket: MirrorTicket; mac: Uint8Array }): string {
  const path = `${server.replace(/\/$/u, "")}${folder}${hex}`;
  return ticket === undefined
    ? path
    : `${path}?ticket=${Buffer.concat([head(ticket.ticket), ticket.mac]).toString("base64url")}`;
}

/** Whether a request's target is a cache's. Pure. */
export function isMirrorTarget(target: string): boolean {
  return target.startsWith(folder);
}

/** What a request's target asks a cache for; undefined if it is no URL of {@link mirrorUrl}. Pure. */
export function mirrorAsked(target: string): MirrorAsked | undefined {
  const match = /^\/images\/(?<hex>[0-9a-f]{64})(?:\?ticket=(?<ticket>[\w-]+))?$/u.exec(target.slice(0, targetMost));
  const { hex, ticket } = match?.groups ?? {};
  if (hex === undefined || ticket === undefined) {
    return hex === undefined ? undefined : { hex };
  }
  const bytes = Buffer.from(ticket, "base64url");
  if (bytes.length !== headBytes + macBytes || bytes.toString("base64url") !== ticket) {
    return undefined;
  }
  const machineId = uuidOfBytes(bytes.subarray(0, 16));
  const read = { machineId, generation: bytes.readBigInt64BE(16), endsAt: bytes.readUIntBE(24, 6) };
  return isUuid(machineId) ? { hex, ticket: { ticket: read, mac: bytes.subarray(headBytes) } } : undefined;
}
