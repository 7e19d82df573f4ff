import { timingSafeEqual } from "node:crypto";
import type { TokenId } from "../../database/ids.ts";
import { tokenHash } from "../../database/queries/access/token-hash.ts";
import type { FailedAttempts } from "./failed-attempts.ts";
import { localOperator, type Operator } from "./identity.ts";
import type { TokenTable } from "./token-table.ts";
import { defined } from "../../lib/defined.ts";

/** The credential that a caller presents. */
export interface Shown {
  /** The `authorization` header. */
  authorization: string | null | undefined;
  /** From a client certificate that the handshake verified. */
  certificate?: Operator | undefined;
  /** The caller's network address; "" if unknown. */
  address: string;
}

/** The operator, or why there is none: the credential is not valid, or there were too many failures before. */
export type Authenticated = { operator: Operator } | { refused: "unauthenticated" | "limited" };

/** Identifies callers. */
export interface Authenticator {
  /** @throws {DatabaseError} `unavailable` if the token can't be checked now */
  authenticate(shown: Shown): Promise<Authenticated>;
  /**
   * True while an operator's earlier credential is valid and has the same role. While the database is unreachable, the
   * last known state counts.
   */
  stillValid(operator: Operator): Promise<boolean>;
  /** Tokens were created or revoked by this server: cached tokens are out of date. */
  tokensChanged(): void;
}

/** Each process makes one authenticator. */
export function createAuthenticator(options: {
  /** The data directory's token; always valid, even while the database is unreachable. */
  localToken: string;
  tokens: TokenTable;
  attempts: FailedAttempts;
  /** A token from TokenCreate was used. */
  used(id: TokenId): void;
  /** The wall clock, for certificates' dates. */
  now?: () => Date;
}): Authenticator {
  const { tokens, attempts, now = () => new Date() } = options;
  const local = tokenHash(options.localToken);
  return {
    authenticate: async ({ authorization, certificate, address }) => {
      const header = authorization ?? "";
      if (certificate !== undefined && header === "") {
        return { operator: certificate };
      }
      const secret = /^Bearer +(?<secret>[^\s]+)$/iu.exec(header)?.groups?.["secret"] ?? "";
      // Hashes of equal length are compared, so the time taken reveals nothing about the token.
      const hash = tokenHash(secret);
      if (timingSafeEqual(hash, local) && secret !== "") {
        return { operator: localOperator };
      }
      // A token (256 bits) can't be guessed, so a valid one passes however often others failed from the same address.
      // Otherwise any program on a host could lock out its neighbours. The limit only bounds what failures cost.
      const token = await tokens.find(hash.toString("hex"));
      if (token === undefined) {
        return { refused: attempts.allow(address) ? "unauthenticated" : "limited" };
      }
      options.used(token.tokenId);
      const { name, role, tokenId, expiresAt } = token;
      return {
        operator: { name, role, credential: "token", tokenId, ...defined({ expiresAt }) },
      };
    },
    stillValid: async ({ tokenId, role, expiresAt }) =>
      tokenId === undefined
        ? expiresAt === undefined || now() < expiresAt
        : (await tokens.byId(tokenId))?.role === role,
    tokensChanged: () => tokens.forget(),
  };
}
