import type { TokenId } from "../../ids.ts";
import type { Role } from "../../role.ts";
import type { CredentialKind } from "../access/audit.ts";

/** As whom a browser signs in: the caller who made the link, or whose token was pasted. */
export interface ConsoleCaller {
  name: string;
  role: Role;
  credential: CredentialKind;
  tokenId?: TokenId;
  /** When the token or certificate expires; absent means never. */
  expiresAt?: Date;
}
