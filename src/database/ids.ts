import { isUuid } from "../lib/format/uuid.ts";

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** UUID of a machine, lower case. */
export type MachineId = Branded<string, "MachineId">;
/** UUID of a component's session, lower case. */
export type SessionId = Branded<string, "SessionId">;
/** Version of a machine's installation request: 1 … 2^63 − 1; it only grows. */
export type Generation = Branded<bigint, "Generation">;
/** UUID that a caller made for one command, lower case. */
export type RequestId = Branded<string, "RequestId">;
/** UUID of an operator's token, lower case. */
export type TokenId = Branded<string, "TokenId">;
/** UUID of a browser's session in the console, lower case. */
export type ConsoleSessionId = Branded<string, "ConsoleSessionId">;
/** UUID of what opens management controllers or machines, lower case. */
export type CredentialId = Branded<string, "CredentialId">;
/** UUID of what was asked of a controller or a power switch, lower case: the command's request id. */
export type OperationId = Branded<string, "OperationId">;
/** Ed25519 public key, 32 bytes. */
export type AgentKey = Branded<Uint8Array, "AgentKey">;

/** A kind of work: what a session can hold a machine for. processes.ts defines each. */
export const processes = ["ShepherdAgentStart", "ShepherdRecovery"] as const;
export type Process = (typeof processes)[number];

function uuid(text: string, what: string): string {
  if (!isUuid(text)) {
    throw new RangeError(`"${text}" is not ${what}: expected a UUID such as 123e4567-e89b-42d3-a456-426614174000`);
  }
  return text.toLowerCase();
}

/** @throws {RangeError} if it is not a UUID */
export function machineId(text: string): MachineId {
  return uuid(text, "a machine id") as MachineId;
}

/** @throws {RangeError} if it is not a UUID */
export function sessionId(text: string): SessionId {
  return uuid(text, "a session id") as SessionId;
}

/** @throws {RangeError} if it is not a UUID */
export function requestId(text: string): RequestId {
  return uuid(text, "a request id") as RequestId;
}

/** @throws {RangeError} if it is not a UUID */
export function tokenId(text: string): TokenId {
  return uuid(text, "a token's id") as TokenId;
}

/** @throws {RangeError} if it is not a UUID */
export function consoleSessionId(text: string): ConsoleSessionId {
  return uuid(text, "a console session's id") as ConsoleSessionId;
}

/** @throws {RangeError} if it is not a UUID */
export function credentialId(text: string): CredentialId {
  return uuid(text, "a credential's id") as CredentialId;
}

/** @throws {RangeError} if it is not a UUID */
export function operationId(text: string): OperationId {
  return uuid(text, "an operation's id") as OperationId;
}

/** @throws {RangeError} if it is not a positive int64 */
export function generation(value: bigint): Generation {
  if (value < 1n || value > 0x7fff_ffff_ffff_ffffn) {
    throw new RangeError(`${value} is not a generation: expected a whole number from 1 to 2^63 - 1`);
  }
  return value as Generation;
}

/** @throws {RangeError} if it is not 32 bytes */
export function agentKey(bytes: Uint8Array): AgentKey {
  if (bytes.length !== 32) {
    throw new RangeError(`a key of ${bytes.length} bytes: expected the 32 bytes of an Ed25519 public key`);
  }
  return bytes as AgentKey;
}
