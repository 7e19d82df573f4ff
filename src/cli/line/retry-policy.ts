import { create } from "@bufbuild/protobuf";
import { RetryPolicySchema, type RetryPolicy } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { CliError } from "../errors.ts";
import type { RetryFlags } from "./flags.ts";

/** The retry budget that the flags give; undefined = none. @throws {CliError} `usage` for a pace without a budget */
export function retryPolicy(flags: RetryFlags): RetryPolicy | undefined {
  const { retryAttempts: attempts, retryInitial, retryMaximum } = flags;
  if (attempts === undefined) {
    if (retryInitial !== undefined || retryMaximum !== undefined) {
      throw new CliError(
        "usage",
        "--retry-initial and --retry-maximum pace tries: give their number by --retry-attempts",
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
