import { AgentError, errorText } from "../../agent/errors.ts";
import type { FailureCause } from "../../contract/failure-cause.ts";
import { errorCode } from "../../lib/errors.ts";
import { CatalogueError, type CatalogueErrorCode } from "../errors.ts";

/** Failures that may pass by themselves. */
const passing = new Set<FailureCause>(["image-unreachable", "image-server-error", "image-too-slow", "image-changed"]);
/** Codes of a full disk, a used-up quota, and a file that is longer than the process may write. */
const full = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** What the process says of an error, whatever was thrown. Pure. */
export function imageFailure(error: unknown): { code: CatalogueErrorCode; message: string } {
  const message = errorText(error);
  if (error instanceof CatalogueError) {
    return { code: error.code, message };
  }
  if (full.has(errorCode(error) ?? "")) {
    return {
      code: "too_large",
      message:
        "the server's disk has no room for it: make room in the server's data directory, and add the image again " +
        `(${errorCode(error)})`,
    };
  }
  if (!(error instanceof AgentError)) {
    return { code: "broken_off", message };
  }
  if (error.code === "program_failed") {
    // Such as a missing xz: this host lacks something, and the image nothing.
    return { code: "unavailable", message: `${message}, on the server that looked into it` };
  }
  if (error.code === "fetch_failed") {
    return {
      code: passing.has(error.failure) ? "unavailable" : error.failure === "image-redirect" ? "forbidden" : "unusable",
      message,
    };
  }
  return { code: error.code === "signature_invalid" ? "unproven" : "unusable", message };
}
