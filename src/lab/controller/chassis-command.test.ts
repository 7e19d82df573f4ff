import { expect, test } from "vitest";
import { chassisCommand } from "./chassis-command.ts";

test.each([
  ["power 1", { action: "on" }],
  ["power 0", { action: "off" }],
  ["reset 1", { action: "reset" }],
  ["shutdown 1", { action: "soft-off" }],
  ["boot pxe", { boot: "network" }],
  ["boot default", { boot: "disk" }],
  ["boot none", { boot: undefined }],
  ["boot cdrom", { boot: undefined }],
  ["identify 15", undefined],
  ["", undefined],
])("%j is %j", (line, command) => {
  expect(chassisCommand(line)).toEqual(command);
});
