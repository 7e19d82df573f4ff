import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { failure } from "./control-plane.ts";

test.each<[status, string, string]>([
  [status.UNAUTHENTICATED, "", "unauthenticated"],
  [status.INVALID_ARGUMENT, "machine_id invalid", "invalid"],
  [status.UNAVAILABLE, "", "unavailable"],
  [status.DEADLINE_EXCEEDED, "", "unavailable"],
  [status.INTERNAL, "", "unavailable"],
  [status.UNKNOWN, "", "unavailable"],
  [status.CANCELLED, "", "unavailable"],
  // A proxy's word, not the control plane's: it must not abort an installation.
  [status.PERMISSION_DENIED, "", "unavailable"],
  [status.RESOURCE_EXHAUSTED, "too many calls", "unavailable"],
  [status.RESOURCE_EXHAUSTED, "Received message larger than max (9 vs 8)", "invalid"],
  [status.UNIMPLEMENTED, "", "fatal"],
])("gRPC status %s (%j) is %s to an agent", (code, details, kind) => {
  expect(failure({ code, details })).toEqual({ kind, message: `${status[code]}: ${details}` });
});
