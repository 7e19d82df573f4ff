import type { Role } from "../database/role.ts";

/** A webhook's URL for people: its path and its query may be secrets, so that only its origin is shown. Pure. */
export function webhookUrlShown(url: URL): string {
  return url.pathname === "/" && url.search === "" ? `${url.origin}/` : `${url.origin}/…`;
}

/** A text of the receiver's without the path and the query of its URL, which some receivers repeat. Pure. */
export function withoutWebhookPath(text: string, url: URL): string {
  const secrets = [`${url.pathname}${url.search}`, url.pathname, url.search.slice(1)];
  return secrets.filter(({ length }) => length > 1).reduce((left, secret) => left.replaceAll(secret, "…"), text);
}

/** Of an answer: the status, and where it redirects to. */
const answered = /^it answered \d+(?:, to \S+: redirects are not followed)?/u;

/** Why a delivery failed, for a caller of this role: the words of the receiver's answer are for admins. Pure. */
export function webhookFailureShown(failure: string, role: Role | undefined): string {
  return role === "admin" ? failure : (answered.exec(failure)?.[0] ?? failure);
}
