import { AgentError } from "../../errors.ts";
import type { FailureCause } from "../../../contract/failure-cause.ts";
import { shownUrl } from "../../../lib/net/shown-url.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { TransientError } from "./transient-error.ts";

// Statuses of a server that is overloaded, restarting, or behind a proxy that can't reach it.
const passingStatus = new Set([408, 425, 429, 500, 502, 503, 504]);
const failures = new Map<number, FailureCause>([
  [404, "image-not-found"],
  [410, "image-not-found"],
  [401, "image-forbidden"],
  [403, "image-forbidden"],
  [407, "image-forbidden"],
]);
// Upper bound in milliseconds of the wait by Retry-After.
const waitMost = 60_000;

/** @throws {TransientError} for a transient status, {AgentError} `fetch_failed` for any other that is not `expected` */
export function requireStatus({ status, reason, headers, url }: HttpAnswer, expected: number): void {
  if (status === expected) {
    return;
  }
  const message = `${shownUrl(url)} answered ${status} ${reason}, expected ${expected}`;
  const after = /^\d{1,6}$/u.exec(headers["retry-after"] ?? "")?.[0];
  const failure = failures.get(status) ?? "image-server-error";
  throw passingStatus.has(status)
    ? new TransientError("fetch_failed", message, { wait: Math.min(waitMost, Number(after ?? 0) * 1000), failure })
    : new AgentError("fetch_failed", message, { failure });
}
