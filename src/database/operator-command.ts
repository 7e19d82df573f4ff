import type { Generation, MachineId, RequestId } from "./ids.ts";

/** A command of an operator, as its record stores it. */
export interface OperatorCommand {
  machineId: MachineId;
  requestId: RequestId;
  /** Its name, such as `installation_request`. */
  command: string;
  /** SHA-256 of the command's content, without the request id. */
  bodyDigest: Uint8Array;
  /** Further digests of the same body, by which an earlier record is known again: under earlier keys. */
  earlierDigests?: readonly Uint8Array[];
}

/** A command's answer besides the generation, as JSON. */
export type CommandAnswer = Record<string, string | number | boolean>;

/** The outcome of a command. */
export interface CommandOutcome {
  /** 0 means none. */
  generation: Generation | 0n;
  answer?: CommandAnswer;
}
