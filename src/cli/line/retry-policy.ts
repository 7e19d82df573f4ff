import { create } from "@bufbuild/protobuf";
import { RetryPolicySchema, type RetryPolicy } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { CliError } from "../errors.ts";
import type { RetryFlags } from "../flags/retry.ts";

/**
 * The retry budget from the flags; undefined if none is given. @throws {CliError} `usage` if a pace is given without a
 * budget
 */
export function retryPolicy(flags: RetryFlags): RetryPolicy | undefined {
  const { retryAttempts: attempts, retryInitial, retryMaximum } = flags;
  if (attempts === undefined) {
    if (retryInitial !== undefined || retryMaximum !== undefined) {
      throw new CliError(
        "usage",
        "--retry-initial and --retry-maximum set the wait between tries: give the number of tries with --retry-attempts",
      );
    }
    return undefined;
  }
  return create(RetryPolicySchema, {
    attempts,
    initialSeconds: retryInitial ?? 0,
    maximumSeconds: retryMaximum ?? 0,
  });
}
