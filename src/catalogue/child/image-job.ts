import type { FetchLimits } from "../../agent/install/fetch/http-answer.ts";
import type { ImageSource } from "../../contract/catalogue/image-source.ts";
import type { LearnedFacts } from "../look/image-facts.ts";
import type { CatalogueErrorCode } from "../errors.ts";

/** What the process that fetches an image is given, as one line of JSON on its standard input. */
export interface ImageJob {
  source: ImageSource;
  /** The rules of the addresses that may be called. */
  guard: { loopbackAllowed: boolean; ownPorts: number[] };
  /** Maximum bytes as fetched, and unpacked; and those that both may take on the server's disk. */
  limits: { packedBytes: number; unpackedBytes: number; diskBytes: number };
  /** How the origin is called, where that is not as agents do. */
  fetch?: Partial<FetchLimits>;
  /** The user that it becomes before it reads a byte; absent = it stays who it is. */
  user?: { uid: number; gid: number };
}

/** Names of the steps, for people. */
export type ImagePhase = "fetching" | "unpacking" | "looking";

/** A line of JSON on the process' standard output. */
export type ImageJobLine =
  | { kind: "progress"; phase: ImagePhase; bytesDone: number; bytesTotal: number; trouble?: string }
  | { kind: "learned"; digest: string; facts: LearnedFacts }
  | { kind: "failed"; code: CatalogueErrorCode; message: string };
