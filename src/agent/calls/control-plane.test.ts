import { Metadata, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { failure } from "./control-plane.ts";

const target = { endpoint: "control.test:8443", ownCa: true };

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
  expect(failure({ code, details }, target)).toEqual({ kind, message: `${status[code]}: ${details}` });
});

test("how long an overloaded server asks to wait is heard; nonsense is not", () => {
  const hint = (text: string): unknown => {
    const metadata = new Metadata();
    metadata.set("grpc-retry-pushback-ms", text);
    return failure({ code: status.UNAVAILABLE, details: "", metadata }, target);
  };
  expect(hint("2500")).toEqual({ kind: "unavailable", message: "UNAVAILABLE: ", retryAfter: 2500 });
  const full = new Metadata();
  full.set("grpc-retry-pushback-ms", "70");
  expect(failure({ code: status.RESOURCE_EXHAUSTED, details: "busy", metadata: full }, target)).toMatchObject({
    retryAfter: 70,
  });
  for (const text of ["-1", "0", "soon", "", "1e3", "2.5", "Infinity", "0x10"]) {
    expect(hint(text)).toEqual({ kind: "unavailable", message: "UNAVAILABLE: " });
  }
});
