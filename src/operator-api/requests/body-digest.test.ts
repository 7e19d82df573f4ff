import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { InstallationRequestRequestSchema } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { MachineAddRequestSchema } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { machineId } from "../../database/ids.ts";
import { bodyDigest } from "./body-digest.ts";

const id = machineId("123e4567-e89b-42d3-a456-426614174000");

function ofAdd(init: MessageInitShape<typeof MachineAddRequestSchema>): string {
  return Buffer.from(bodyDigest(MachineAddRequestSchema, create(MachineAddRequestSchema, init))).toString("hex");
}

function ofInstall(init: MessageInitShape<typeof InstallationRequestRequestSchema>): string {
  const message = create(InstallationRequestRequestSchema, init);
  return Buffer.from(bodyDigest(InstallationRequestRequestSchema, message, id)).toString("hex");
}

test("the order of labels and the request id make no difference; a label does", () => {
  const digest = ofAdd({ requestId: "a", labels: { one: "1", two: "2" } });
  expect(ofAdd({ requestId: "b", labels: { two: "2", one: "1" } })).toBe(digest);
  expect(ofAdd({ requestId: "a", labels: { one: "1", two: "3" } })).not.toBe(digest);
  expect(ofAdd({ requestId: "a", labels: { one: "1" } })).not.toBe(digest);
});

test("how the machine is named and what is replaced make no difference; the image does", () => {
  const image = { url: "http://a/", rootDisk: { serialNumber: "1" } };
  const digest = ofInstall({ machine: "web1", image });
  expect(ofInstall({ machine: id.toUpperCase(), image, replaceGeneration: 7n })).toBe(digest);
  expect(ofInstall({ machine: "web1", image: { ...image, rootDisk: { serialNumber: "2" } } })).not.toBe(digest);
  expect(
    ofInstall({ machine: "web1", image: { ...image, rootDisk: { ...image.rootDisk, rotational: false } } }),
  ).not.toBe(digest);
  expect(ofInstall({ machine: "web1" })).not.toBe(digest);
});
