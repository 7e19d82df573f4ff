import { expect, test } from "vitest";
import { taskStep } from "./task-step.ts";

test.each([
  [202, {}, { kind: "running" }],
  [204, {}, { kind: "ended" }],
  [400, {}, { kind: "failed", state: "400" }],
  [200, { TaskState: "Running" }, { kind: "running" }],
  [202, { TaskState: "New" }, { kind: "running" }],
  [200, { TaskState: "Completed", TaskStatus: "OK" }, { kind: "ended" }],
  [200, { TaskState: "Completed", TaskStatus: "Critical" }, { kind: "failed", state: "Completed" }],
  [200, { TaskState: "Exception" }, { kind: "failed", state: "Exception" }],
  [200, { JobState: "Scheduled" }, { kind: "ended" }],
  [200, { JobState: "CompletedWithErrors" }, { kind: "failed", state: "CompletedWithErrors" }],
  [
    200,
    { TaskState: "Completed", Messages: [{ MessageId: "X.1.OperationTransitionedToJob", MessageArgs: ["/j/1"] }] },
    { kind: "moved", link: "/j/1" },
  ],
] as const)("rows 40, 41: %i %j", (status, body, step) => {
  expect(taskStep(status, body)).toEqual(step);
});
