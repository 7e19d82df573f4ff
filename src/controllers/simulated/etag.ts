import { createHash } from "node:crypto";
import { errorAnswer, type SimulatedAnswer } from "./answer.ts";

/** What a controller makes of ETags (rows 19 and 20). */
export type EtagMode =
  | "none"
  | "sent"
  /** A change without one is refused. */
  | "needed"
  /** They are sent weak, and only the strong form is taken. */
  | "weak"
  /** They are sent, and every one is refused. */
  | "wrong";

/** The ETag of a resource. */
export function simulatedEtag(mode: EtagMode, body: unknown): string | undefined {
  if (mode === "none") {
    return undefined;
  }
  const hash = createHash("sha256").update(JSON.stringify(body)).digest("hex").slice(0, 8);
  return mode === "weak" ? `W/"${hash}"` : `"${hash}"`;
}

/** Why a change is refused for its ETag; undefined = it is not. */
export function etagRefusal(mode: EtagMode, body: unknown, given: string | undefined): SimulatedAnswer | undefined {
  if (given === undefined) {
    return mode === "needed"
      ? errorAnswer(428, "PreconditionHeaderMissing", "A header If-Match is needed.")
      : undefined;
  }
  const expected = simulatedEtag(mode, body)?.replace(/^W\//u, "");
  return mode === "none" || (mode !== "wrong" && (given === expected || given === "*"))
    ? undefined
    : errorAnswer(412, "PreconditionFailed", "The ETag is another.");
}
