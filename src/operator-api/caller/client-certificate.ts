import type { PeerCertificate } from "node:tls";
import { roles, type Role } from "../../database/role.ts";
import { isPrintable } from "../../lib/format/printable.ts";
import { localOperator, type Operator } from "./identity.ts";

/**
 * Who a client certificate of the operators' CA stands for: the common name (CN) is the name, the organisational unit (OU)
 * the role; where there is no OU, the organisation (O). Undefined where either is missing or there are several of them that
 * would do: a guess could be the greater role. The certificate must have been found valid by the handshake; its dates are
 * looked at again, since a connection may outlive it. Pure.
 */
export function certificateOperator(
  certificate: Pick<PeerCertificate, "subject" | "valid_from" | "valid_to">,
  now: Date,
): Operator | undefined {
  const name = single(certificate.subject.CN);
  const units = values(certificate.subject.OU);
  const named = (units.length > 0 ? units : values(certificate.subject.O)).filter((value): value is Role =>
    roles.some((role) => role === value),
  );
  const [role] = named;
  const expiresAt = new Date(certificate.valid_to);
  const startsAt = new Date(certificate.valid_from);
  const valid = startsAt <= now && now < expiresAt;
  if (name === undefined || !isName(name) || role === undefined || named.length > 1 || !valid) {
    return undefined;
  }
  return { name, role, credential: "certificate", expiresAt };
}

/**
 * One plain line of at most 64 characters (RFC 5280, ub-common-name); and not the name by which history and audit know the
 * data directory's token.
 */
function isName(text: string): boolean {
  return text.length <= 64 && isPrintable(text) && text !== "" && text.trim() === text && text !== localOperator.name;
}

/** Node gives a subject's part as a string, or as an array where there are several. */
function values(part: string | string[] | undefined): string[] {
  return part === undefined ? [] : Array.isArray(part) ? part : [part];
}

function single(part: string | string[] | undefined): string | undefined {
  const [first, ...rest] = values(part);
  return rest.length === 0 ? first : undefined;
}
