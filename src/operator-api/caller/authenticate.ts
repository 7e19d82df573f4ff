import { timingSafeEqual } from "node:crypto";
import type { TokenId } from "../../database/ids.ts";
import { tokenHash } from "../../database/queries/access/token.ts";
import type { FailedAttempts } from "./failed-attempts.ts";
import { localOperator, type Operator } from "./identity.ts";
import type { TokenTable } from "./token-table.ts";

/** What a caller shows. */
export interface Shown {
  /** The header of that name. */
  authorization: string | null | undefined;
  /** Of the client certificate that the handshake found valid. */
  certificate?: Operator | undefined;
  /** The caller's network address; "" = not known. */
  address: string;
}

/** Who it is, or why nobody: what was shown is not valid, or there were too many failures before. */
export type Authenticated = { operator: Operator } | { refused: "unauthenticated" | "limited" };

/** Finds out who calls. */
export interface Authenticator {
  /** @throws {DatabaseError} `unavailable` where the token can't be checked now */
  authenticate(shown: Shown): Promise<Authenticated>;
  /**
   * True while the credential that an operator showed before is valid, with the role it had then. While the database is
   * away it is what was known last.
   */
  stillValid(operator: Operator): Promise<boolean>;
  /** Tokens were made or revoked here: what is known of them is out of date. */
  tokensChanged(): void;
}

/** A process makes it once. */
export function createAuthenticator(options: {
  /** The data directory's token; always valid, also while the database is away. */
  localToken: string;
  tokens: TokenTable;
  attempts: FailedAttempts;
  /** A token made by TokenCreate was used. */
  used(id: TokenId): void;
  /** The wall clock, for the dates of certificates. */
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
      // Compared as hashes of one length: the time it takes tells nothing of the token.
      const hash = tokenHash(secret);
      if (timingSafeEqual(hash, local) && secret !== "") {
        return { operator: localOperator };
      }
      // No token can be guessed (256 bits), so a valid one passes however often others failed from the same address: else
      // any program of a host could lock its neighbours out. What is limited is what failing costs.
      const token = await tokens.find(hash.toString("hex"));
      if (token === undefined) {
        return { refused: attempts.allow(address) ? "unauthenticated" : "limited" };
      }
      options.used(token.tokenId);
      const { name, role, tokenId, expiresAt } = token;
      return {
        operator: { name, role, credential: "token", tokenId, ...(expiresAt === undefined ? {} : { expiresAt }) },
      };
    },
    stillValid: async ({ tokenId, role, expiresAt }) =>
      tokenId === undefined
        ? expiresAt === undefined || now() < expiresAt
        : (await tokens.byId(tokenId))?.role === role,
    tokensChanged: () => tokens.forget(),
  };
}
