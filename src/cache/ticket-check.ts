import { timingSafeEqual } from "node:crypto";
import { mirrorTicketBody, type MirrorAsked, type MirrorTicket } from "../contract/catalogue/mirror-ticket.ts";
import type { KeyRing } from "../secrets/key-ring.ts";

/** What a caller of a cache may have. */
export type TicketVerdict =
  /** The image, as this machine; without one, as anybody. */
  | { kind: "allowed"; machineId?: string }
  | { kind: "refused" }
  /** The ticket is one of ours; whether it has ended can't be told before the database's time is known. */
  | { kind: "unknown" };

/**
 * Whether a caller may have an image: by a ticket with the right HMAC that has not ended, or because the image is public.
 * @param now seconds since 1970; 0 = not known yet
 */
export function ticketCheck(
  { hex, ticket }: MirrorAsked,
  { ring, isPublic, now }: { ring: Pick<KeyRing, "mirrorMacs">; isPublic: (hex: string) => boolean; now: number },
): TicketVerdict {
  if (ticket === undefined) {
    return isPublic(hex) ? { kind: "allowed" } : { kind: "refused" };
  }
  const macs = macsOf(ring, mirrorTicketBody(hex, ticket.ticket));
  if (!macs.some((mac) => timingSafeEqual(mac, ticket.mac))) {
    return { kind: "refused" };
  }
  if (now === 0) {
    return { kind: "unknown" };
  }
  return ticket.ticket.endsAt > now ? { kind: "allowed", machineId: ticket.ticket.machineId } : { kind: "refused" };
}

/** Gives a ticket for an image. @throws {SecretsError} `key_missing` */
export function ticketGive(
  ring: Pick<KeyRing, "mirrorMacs">,
  hex: string,
  ticket: MirrorTicket,
): { ticket: MirrorTicket; mac: Uint8Array } {
  const [mac] = ring.mirrorMacs(mirrorTicketBody(hex, ticket));
  return { ticket, mac };
}

function macsOf(ring: Pick<KeyRing, "mirrorMacs">, body: Uint8Array): Uint8Array[] {
  try {
    return ring.mirrorMacs(body);
  } catch {
    // Without a key no ticket of this control plane can be recognised.
    return [];
  }
}
