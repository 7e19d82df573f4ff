import { Code, ConnectError, createContextKey } from "@connectrpc/connect";
import type { Actor } from "../../database/actor.ts";
import type { ConsoleSessionId, TokenId } from "../../database/ids.ts";
import type { CredentialKind } from "../../database/queries/access/audit.ts";
import type { Role } from "../../database/role.ts";

/** An authenticated caller. */
export interface Operator {
  /** The token's or certificate's name, as it appears in history and audit. */
  name: string;
  role: Role;
  credential: CredentialKind;
  tokenId?: TokenId;
  /** When the token, certificate or console session expires; absent means never. */
  expiresAt?: Date;
  /** The session of the console in which the caller's browser is signed in. */
  consoleSession?: ConsoleSessionId;
}

/** Whose share of what is limited for each operator a call takes. Pure. */
export function operatorShare({ tokenId, credential, name }: Operator): string {
  return tokenId ?? `${credential} ${name}`;
}

/** Who calls, and from where. */
export interface Caller {
  operator: Operator | undefined;
  /** The network address; "" if unknown. */
  address: string;
  /** How the browser named itself; "" if it did not, or if it is none. */
  userAgent?: string;
  /** True if a browser reached this server over TLS, or a proxy in front of it. */
  secure?: boolean;
}

/** The operator with the data directory's token: the control plane's own administrator. */
export const localOperator: Operator = { name: "token", role: "admin", credential: "data-directory" };

/**
 * The caller and its address. Set by the listener before the body is read, or for an in-memory transport by its
 * interceptor.
 */
export const callerKey = createContextKey<Caller>(
  { operator: undefined, address: "" },
  { description: "who calls, and from where" },
);

/** The caller as history names it; set by the identity interceptor before any handler runs. */
export const operatorKey = createContextKey<Actor>(
  { kind: "system", name: "nobody" },
  { description: "the operator who calls" },
);

/** The one answer to a missing and to a wrong token, so that it reveals nothing. */
export const unauthenticatedMessage =
  "not authorised: send `authorization: Bearer TOKEN` with a token that is neither revoked nor expired, or with the one " +
  "of the data directory's file operator-token";

/** The refusal of a caller without a valid credential. */
export function unauthenticatedError(): ConnectError {
  return new ConnectError(unauthenticatedMessage, Code.Unauthenticated);
}

/** The refusal after too many failed attempts. */
export const limitedMessage = "too many failed attempts from this address: wait a second, and check the token";
