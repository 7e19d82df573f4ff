import { timingSafeEqual } from "node:crypto";
import type { ConsoleSessionId, TokenId } from "../../database/ids.ts";
import { tokenHash } from "../../database/queries/access/token-hash.ts";
import type { ValidToken } from "../../database/queries/access/tokens-valid.ts";
import type { ValidLink } from "../../database/queries/console/console-links-valid.ts";
import type { ValidSession } from "../../database/queries/console/console-sessions-valid.ts";
import type { BrowserSecrets } from "./browser-secrets.ts";
import type { FailedAttempts } from "./failed-attempts.ts";
import { localOperator, type Operator } from "./identity.ts";
import type { TokenTable } from "./token-table.ts";
import { defined } from "../../lib/defined.ts";

/** The credential that a caller presents. */
export interface Shown {
  /** The `authorization` header. */
  authorization: string | null | undefined;
  /** From a browser that is signed in. */
  browser?: BrowserSecrets | undefined;
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
   * "valid" if a code could sign a browser in now. Codes can't be guessed, so a valid one passes however often others
   * failed from the same address.
   */
  linkLook(code: string, address: string): Promise<"valid" | "unauthenticated" | "limited">;
  /**
   * True while an operator's earlier credential is valid and has the same role. While the database is unreachable, the
   * last known state counts.
   */
  stillValid(operator: Operator): Promise<boolean>;
  /** This server created or ended tokens, sessions or codes of the console: what is cached is out of date. */
  tokensChanged(): void;
}

/** Each process makes one authenticator. */
export function createAuthenticator(options: {
  /** The data directory's token; always valid, even while the database is unreachable. */
  localToken: string;
  tokens: TokenTable<ValidToken>;
  consoleSessions: TokenTable<ValidSession>;
  consoleLinks: TokenTable<ValidLink>;
  attempts: FailedAttempts;
  /** A token from TokenCreate was used. */
  used(id: TokenId): void;
  /** A browser's session was used. */
  sessionUsed(id: ConsoleSessionId): void;
  /** Resolves after the time for which a {@link TokenTable} is fresh for unknown secrets. */
  pause(): Promise<void>;
  /** The wall clock, for certificates' dates. */
  now?: () => Date;
}): Authenticator {
  const { tokens, consoleSessions, consoleLinks, attempts, now = () => new Date() } = options;
  const local = tokenHash(options.localToken);

  const failure = (address: string) => (attempts.allow(address) ? "unauthenticated" : "limited");

  async function byBrowser({ cookie, key }: BrowserSecrets, address: string): Promise<Authenticated> {
    const session = await consoleSessions.find(tokenHash(key).toString("hex"));
    if (session === undefined || !timingSafeEqual(tokenHash(cookie), session.cookieHash)) {
      return { refused: failure(address) };
    }
    options.sessionUsed(session.id);
    if (session.tokenId !== undefined) {
      options.used(session.tokenId);
    }
    const { name, role, credential, tokenId, expiresAt, id } = session;
    return { operator: { name, role, credential, expiresAt, consoleSession: id, ...defined({ tokenId }) } };
  }

  async function bySession(id: ConsoleSessionId, role: Operator["role"]): Promise<boolean> {
    const session = await consoleSessions.where((one) => one.id === id);
    if (session !== undefined) {
      // An open page that follows changes uses the session.
      options.sessionUsed(id);
    }
    return session?.role === role;
  }

  return {
    authenticate: async ({ authorization, browser, certificate, address }) => {
      const header = authorization ?? "";
      if (header === "" && browser !== undefined) {
        return byBrowser(browser, address);
      }
      if (header === "" && certificate !== undefined) {
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
        return { refused: failure(address) };
      }
      options.used(token.tokenId);
      const { name, role, tokenId, expiresAt } = token;
      return {
        operator: { name, role, credential: "token", tokenId, ...defined({ expiresAt }) },
      };
    },
    linkLook: async (code, address) => {
      const hash = tokenHash(code).toString("hex");
      if ((await consoleLinks.find(hash)) !== undefined) {
        return "valid";
      }
      const refused = failure(address);
      if (refused === "limited") {
        return refused;
      }
      // Another server may have made the code since the table was read.
      await options.pause();
      return (await consoleLinks.find(hash)) === undefined ? refused : "valid";
    },
    stillValid: async ({ tokenId, role, expiresAt, consoleSession }) => {
      if (consoleSession !== undefined) {
        return bySession(consoleSession, role);
      }
      return tokenId === undefined
        ? expiresAt === undefined || now() < expiresAt
        : (await tokens.where((token) => token.tokenId === tokenId))?.role === role;
    },
    tokensChanged: () => {
      tokens.forget();
      consoleSessions.forget();
      consoleLinks.forget();
    },
  };
}
