import type { PeerCertificate } from "node:tls";
import { roles, type Role } from "../../database/role.ts";
import { isPrintable } from "../../lib/format/printable.ts";
import { localOperator, type Operator } from "./identity.ts";

/**
 * The operator that a client certificate of the operators' CA names. The common name (CN) is the name; the
 * organisational unit (OU), or without an OU the organisation (O), is the role. Undefined if either is missing or
 * ambiguous: a guess could give the higher role. The handshake must have verified the certificate. Its dates are
 * checked again, because a connection may outlive it. Pure.
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
 * True for one plain line of at most 64 characters (RFC 5280, ub-common-name) that is not the reserved name of the data
 * directory's token.
 */
function isName(text: string): boolean {
  return text.length <= 64 && isPrintable(text) && text !== "" && text.trim() === text && text !== localOperator.name;
}

/** Node gives an attribute of a subject as a string, or as an array if there are several. */
function values(part: string | string[] | undefined): string[] {
  return part === undefined ? [] : Array.isArray(part) ? part : [part];
}

function single(part: string | string[] | undefined): string | undefined {
  const [first, ...rest] = values(part);
  return rest.length === 0 ? first : undefined;
}
