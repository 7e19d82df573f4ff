import { createHash } from "node:crypto";
import { errorAnswer, type SimulatedAnswer } from "./answer.ts";

/** How a controller handles ETags (rows 19 and 20). */
export type EtagMode =
  | "none"
  | "sent"
  /** A change without `If-Match` is refused. */
  | "needed"
  /** ETags are sent weak, but only their strong form is accepted. */
  | "weak"
  /** ETags are sent, but every one is refused. */
  | "wrong";

/** The ETag of a resource. */
export function simulatedEtag(mode: EtagMode, body: unknown): string | undefined {
  if (mode === "none") {
    return undefined;
  }
  const hash = createHash("sha256").update(JSON.stringify(body)).digest("hex").slice(0, 8);
  return mode === "weak" ? `W/"${hash}"` : `"${hash}"`;
}

/** The refusal of a change because of its ETag; undefined = it is not refused. */
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
