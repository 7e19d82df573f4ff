import { Code, ConnectError, createContextKey } from "@connectrpc/connect";
import type { Actor } from "../../database/actor.ts";
import type { TokenId } from "../../database/ids.ts";
import type { CredentialKind } from "../../database/queries/access/audit.ts";
import type { Role } from "../../database/role.ts";

/** Somebody who proved who they are. */
export interface Operator {
  /** A token's or certificate's name: what history and the audit call them. */
  name: string;
  role: Role;
  credential: CredentialKind;
  tokenId?: TokenId;
  /** When the token or certificate ends; absent = never. */
  expiresAt?: Date;
}

/** The name of whoever shows the data directory's token: the control plane's own administrator. */
export const localOperator: Operator = { name: "token", role: "admin", credential: "data-directory" };

/** Who calls, and from where. The listener sets it before the body is read; in memory the interceptor does. */
export const callerKey = createContextKey<{ operator: Operator | undefined; address: string }>(
  { operator: undefined, address: "" },
  { description: "who calls, and from where" },
);

/** Who calls, as history names them; set by the identity interceptor before any handler runs. */
export const operatorKey = createContextKey<Actor>(
  { kind: "system", name: "nobody" },
  { description: "the operator who calls" },
);

/** Everyone whose token is missing or wrong gets this one answer, so that it tells nothing. */
export const unauthenticatedMessage =
  "not authorised: send `authorization: Bearer TOKEN` with a token that is neither revoked nor expired, or with the one " +
  "of the data directory's file operator-token";

/** The refusal of a caller without a valid credential. */
export function unauthenticatedError(): ConnectError {
  return new ConnectError(unauthenticatedMessage, Code.Unauthenticated);
}

/** The refusal of one who tried too often. */
export const limitedMessage = "too many failed attempts from this address: wait a second, and check the token";
