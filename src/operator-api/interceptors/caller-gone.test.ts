import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { isCallerGone } from "./caller-gone.ts";

const coded = (code: string): Error => Object.assign(new Error("write"), { code });
const left = new Error("the other side has left");
const late = new ConnectError("the operation timed out", Code.DeadlineExceeded);

test.each<[what: string, error: unknown, reason: unknown, gone: boolean]>([
  ["what the signal says", left, left, true],
  ["a write to a connection that was reset", coded("ECONNRESET"), undefined, true],
  [
    "a broken pipe, as Connect wraps it",
    new ConnectError("x", Code.Internal, undefined, undefined, coded("EPIPE")),
    left,
    true,
  ],
  [
    "a stream that was destroyed, below another error",
    new Error("x", { cause: coded("ERR_STREAM_DESTROYED") }),
    left,
    true,
  ],
  ["a wait that was ended by the signal", AbortSignal.abort().reason, left, true],
  ["a deadline", late, late, false],
  ["a fault that has nothing to do with it", new TypeError("x is undefined"), left, false],
  ["no error at all", "x", left, false],
])("%s: is the caller gone?", (_what, error, reason, gone) => {
  expect(isCallerGone(error, AbortSignal.abort(reason))).toBe(gone);
});

test("while the caller is there, a connection's error is somebody else's", () => {
  expect(isCallerGone(coded("ECONNRESET"), new AbortController().signal)).toBe(false);
});
