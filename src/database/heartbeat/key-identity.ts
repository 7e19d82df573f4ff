import { byteaLiteral } from "../bytea-literal.ts";

declare const brand: unique symbol;

/** A key in the form in which statements take it; to callers only a value that is equal for equal keys. */
export type KeyIdentity = string & { readonly [brand]: "KeyIdentity" };

/** The identity of a key; to be made once a connection, because a heartbeat has no time for it. */
export function keyIdentity(key: Uint8Array): KeyIdentity {
  return byteaLiteral(key) as KeyIdentity;
}
