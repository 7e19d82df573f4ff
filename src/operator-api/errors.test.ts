import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { DatabaseError, type DatabaseErrorCode } from "../database/errors.ts";
import { operatorError } from "./errors.ts";

const table: Record<DatabaseErrorCode, Code> = {
  unavailable: Code.Unavailable,
  busy: Code.Unavailable,
  session_lost: Code.Unavailable,
  schema: Code.Unavailable,
  not_found: Code.NotFound,
  exists: Code.AlreadyExists,
  refused: Code.FailedPrecondition,
  request_id_reused: Code.FailedPrecondition,
};

test.each(Object.entries(table))("the database's %s is told with its message", (code, expected) => {
  const error = new DatabaseError(code as DatabaseErrorCode, "why", { cause: new Error("secret") });
  const { answer, internal } = operatorError(error, "id");
  expect([answer.code, answer.rawMessage, internal, answer.cause]).toEqual([expected, "why", false, undefined]);
});

test("a connection that broke is unavailable, without its address", () => {
  const error = Object.assign(new Error("connect ECONNREFUSED 10.1.2.3:5432"), { code: "ECONNREFUSED" });
  const { answer } = operatorError(error, "id");
  expect(answer.code).toBe(Code.Unavailable);
  expect(answer.message).not.toContain("10.1.2.3");
});

test("a lock that was not to be had in time is a matter of trying again", () => {
  const error = Object.assign(new Error("canceling statement due to lock timeout"), { code: "55P03" });
  const { answer, internal } = operatorError(error, "id");
  expect([answer.code, internal]).toEqual([Code.Unavailable, false]);
  expect(answer.rawMessage).toContain("try again");
});

test("X15: it is told who holds the lock, since when, and how to end it", () => {
  const holder = { pid: 4711, application: "psql", since: new Date("2026-11-30T02:00:00Z") };
  const error = Object.assign(new Error("canceling statement due to lock timeout"), { code: "55P03", holder });
  const { answer } = operatorError(error, "id");
  expect(answer.rawMessage).toContain("held in the database by process 4711 (psql, since 2026-11-30T02:00:00.000Z)");
  expect(answer.rawMessage).toContain("SELECT pg_terminate_backend(4711)");
});

test("X3: a database that takes no writes is said to be that, not away", () => {
  const error = Object.assign(new Error("cannot execute INSERT in a read-only transaction"), { code: "25006" });
  const { answer, internal } = operatorError(error, "id");
  expect([answer.code, internal]).toEqual([Code.Unavailable, false]);
  expect(answer.rawMessage).toContain("accepts no writes: it is a standby");
});

test.each([new Error("SELECT secret"), new RangeError("secret"), "secret", undefined])(
  "anything else is internal, and only its id is told",
  (error) => {
    const { answer, internal } = operatorError(error, "1a2b3c4d");
    expect([answer.code, internal]).toEqual([Code.Internal, true]);
    expect(answer.rawMessage).toBe("internal error; see the server's log, id 1a2b3c4d");
    expect(JSON.stringify(answer.cause ?? "")).not.toContain("secret");
  },
);

test("what is an answer already stays", () => {
  const error = new ConnectError("no such thing", Code.InvalidArgument);
  expect(operatorError(error, "id")).toEqual({ answer: error, internal: false });
});
