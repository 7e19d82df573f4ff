import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { BootWindowState, InstallationState, MachineSchema } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { commandRefusal } from "./allowed.ts";
import { commandNames, type CommandName } from "./command-names.ts";

const machine = (init: MessageInitShape<typeof MachineSchema> = {}) => create(MachineSchema, init);
const pending = { installation: { state: InstallationState.PENDING, generation: 3n } };

test.each<[string, CommandName, MessageInitShape<typeof MachineSchema>, RegExp | undefined]>([
  ["a new machine can be installed", "install", {}, undefined],
  ["in quarantine nothing is installed", "install", { quarantine: { reason: "r" } }, /release it first/u],
  ["a pending installation may be replaced", "install", pending, undefined],
  ["cancel what is pending", "cancel", pending, undefined],
  [
    "cancel where another try waits",
    "cancel",
    { installation: { state: InstallationState.FAILED, retry: { nextAt: {} } } },
    undefined,
  ],
  [
    "nothing to cancel",
    "cancel",
    { installation: { state: InstallationState.FAILED } },
    /nothing|no installation is pending/u,
  ],
  ["retry what failed", "retry", { installation: { state: InstallationState.FAILED } }, undefined],
  ["retry what was cancelled", "retry", { installation: { state: InstallationState.CANCELLED } }, undefined],
  ["retry of what is pending", "retry", pending, /no installation has failed/u],
  [
    "retry in quarantine",
    "retry",
    { installation: { state: InstallationState.FAILED }, quarantine: {} },
    /release it first/u,
  ],
  ["quarantine twice", "quarantine", { quarantine: {} }, /already/u],
  ["release what is free", "release", {}, /not in quarantine/u],
  ["release", "release", { quarantine: {} }, undefined],
  ["delete what is pending", "delete", pending, /generation 3 is pending: cancel it first/u],
  ["delete what is worked on", "delete", { work: [{ process: "ShepherdRecovery" }] }, /ShepherdRecovery is running/u],
  ["delete", "delete", {}, undefined],
  ["a window without an identity", "boot-window", {}, /nothing identifies its network boot/u],
  ["a window", "boot-window", { macs: ["52:54:00:12:34:56"] }, undefined],
  ["close an open window", "close-boot-window", { bootWindow: { state: BootWindowState.GIVEN } }, undefined],
  ["close none", "close-boot-window", { bootWindow: { state: BootWindowState.EXPIRED } }, /no boot window is open/u],
])("%s", (_, command, init, refusal) => {
  const said = commandRefusal(command, "operator", machine(init));
  if (refusal === undefined) {
    expect(said).toBeUndefined();
  } else {
    expect(said).toMatch(refusal);
  }
});

test("viewers give no command, and read why", () => {
  for (const command of commandNames) {
    expect(commandRefusal(command, "viewer", machine())).toBe("an operator can do this; you are a viewer");
  }
  expect(commandRefusal("release", "admin")).toBeUndefined();
  expect(commandRefusal("install", undefined, machine())).toBeUndefined();
});
