import { expect, test } from "vitest";
import { LabError } from "./errors.ts";
import { labMachineMake, labMachineParse, type LabMachineShape } from "./machine.ts";

const shape: LabMachineShape = {
  firmware: "uefi",
  disk: "virtio",
  disks: 2,
  diskBytes: 1 << 30,
  nics: 1,
  memoryMiB: 2048,
  cpus: 2,
};

test.each<[Partial<LabMachineShape>, string]>([
  [{ memoryMiB: 1 }, "--memory: expected at least 256"],
  [{ cpus: 65 }, "--cpus: expected at most 64"],
  [{ disks: 7 }, "--disks: expected at most 6 entries"],
  [{ nics: 0 }, "--nics: expected at least 1 entries"],
  [{ diskBytes: 1 }, "--disk-size: expected at least 1048576; --disk-size: expected a multiple of 512"],
])("X11: a shape that no machine has, %j, is refused by its flags", (wrong, expected) => {
  expect(() => labMachineMake("lab1", { ...shape, ...wrong })).toThrow(
    new LabError("definition_invalid", `such a lab machine is not possible: ${expected}`),
  );
});

test("X11: a definition that was damaged is refused by its field", () => {
  const machine = labMachineMake("lab1", shape);
  expect(() => labMachineParse(JSON.stringify({ ...machine, cpus: "two" }), "/x/machine.json")).toThrow(
    "/x/machine.json does not describe a lab machine (cpus: expected a number): correct it",
  );
});
