import type { FetchLimits } from "../../agent/install/fetch/http-answer.ts";
import type { ImageSource } from "../../contract/catalogue/image-source.ts";
import type { ImageRule } from "../../contract/catalogue/image-rule.ts";
import type { LearnedFacts } from "../look/image-facts.ts";
import { catalogueErrorCodes, type CatalogueErrorCode } from "../errors.ts";

/** What the process that fetches an image is given, as one line of JSON on its standard input. */
export interface ImageJob {
  source: ImageSource;
  /** The rules of the addresses that may be called. */
  guard: { loopbackAllowed: boolean; ownPorts: number[] };
  /** The image policy: where redirects may lead. The source itself was looked at before. */
  rules: readonly ImageRule[];
  /** Maximum bytes as fetched, and unpacked; and those that both may take on the server's disk. */
  limits: { packedBytes: number; unpackedBytes: number; diskBytes: number };
  /** How the origin is called, where that is not as agents do. */
  fetch?: Partial<FetchLimits>;
  /** The user that it becomes before it reads a byte; absent = it stays who it is. */
  user?: { uid: number; gid: number };
}

/** Names of the steps, for people. */
const imagePhases = ["fetching", "unpacking", "looking"] as const;
export type ImagePhase = (typeof imagePhases)[number];

/** A line of JSON on the process' standard output. */
export type ImageJobLine =
  | { kind: "progress"; phase: ImagePhase; bytesDone: number; bytesTotal: number; trouble?: string }
  | {
      kind: "learned";
      digest: string;
      facts: LearnedFacts;
      /** What was fetched from beside the image, in base64; absent if nothing was. */
      signature?: string;
    }
  | { kind: "failed"; code: CatalogueErrorCode; message: string };

/** Characters of one line that are read. */
const lineMost = 1 << 20;

/** A line of the process' output; undefined if it is none. It parsed what a stranger sent, so nothing is taken on trust. */
export function imageJobLine(text: string): ImageJobLine | undefined {
  const line = text.length > lineMost ? undefined : parsed(text);
  if (!isRecord(line)) {
    return undefined;
  }
  switch (line["kind"]) {
    case "progress":
      return isProgress(line) ? (line as unknown as ImageJobLine) : undefined;
    case "learned":
      return /^sha256:[0-9a-f]{64}$/u.test(String(line["digest"])) &&
        isFacts(line["facts"]) &&
        isSignature(line["signature"])
        ? (line as unknown as ImageJobLine)
        : undefined;
    case "failed":
      return typeof line["message"] === "string" && isOneOf(line["code"], catalogueErrorCodes)
        ? (line as unknown as ImageJobLine)
        : undefined;
    default:
      return undefined;
  }
}

function isProgress({ phase, bytesDone, bytesTotal, trouble }: Record<string, unknown>): boolean {
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
  return (
    isOneOf(phase, imagePhases) &&
    isCount(bytesDone) &&
    isCount(bytesTotal) &&
    (trouble === undefined || typeof trouble === "string")
  );
}

function isFacts(facts: unknown): boolean {
  const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === "string");
  return (
    isRecord(facts) &&
    ["problems", "notes", "bootsBy", "architectures", "unsignedFor"].every((name) => isTexts(facts[name])) &&
    Array.isArray(facts["partitions"]) &&
    Number.isSafeInteger(facts["packedBytes"]) &&
    Number.isSafeInteger(facts["unpackedBytes"])
  );
}

/** At most 64 KiB in base64. */
function isSignature(text: unknown): boolean {
  return text === undefined || (typeof text === "string" && /^[A-Za-z0-9+/]{1,87384}={0,2}$/u.test(text));
}

function isOneOf(value: unknown, known: readonly string[]): boolean {
  return typeof value === "string" && known.includes(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not a line of ours: some library's warning.
    return undefined;
  }
}
