import { create, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { NodeSchema } from "../../gen/cloud/agent/api/hardware_pb.ts";
import { clearVolatile, hardwareFieldKinds } from "./volatile-hardware.ts";

/** All fields of a message and of the messages in it. */
function fieldNames(schema: DescMessage, seen = new Set<DescMessage>()): string[] {
  if (seen.has(schema)) {
    return [];
  }
  seen.add(schema);
  return schema.fields.flatMap((field) => [
    `${schema.name}.${field.name}`,
    ...(field.message === undefined ? [] : fieldNames(field.message, seen)),
  ]);
}

test("every field of a hardware report is said to be hardware, a condition or a reading", () => {
  const missing = fieldNames(NodeSchema).filter((name) => !Object.hasOwn(hardwareFieldKinds, name));
  expect(missing, "say in src/contract/volatile-hardware.ts what these fields are").toEqual([]);
  const gone = Object.keys(hardwareFieldKinds).filter((name) => !fieldNames(NodeSchema).includes(name));
  expect(gone, "these fields are not in the messages").toEqual([]);
});

test("what does not say what a machine is, is cleared wherever it stands", () => {
  const [lasting, passing] = [
    { serialNumber: "S1", mediaErrors: 0n },
    { temperatureCelsius: 40, usageRatio: 0.5 },
  ];
  const node = create(NodeSchema, {
    product: "A",
    memoryUsableRatio: 0.9,
    blockDevice: [{ ...lasting, ...passing, smartAttribute: [{ number: 5, raw: 1n }] }],
    networkInterface: [{ driver: "igb", linkUp: true, duplex: "full" }],
    numaNode: [{ number: 1, memoryBytes: 5n }],
    cpu: [{ architecture: { case: "x8664", value: { family: 6 } } }],
  });
  clearVolatile(node);
  const expected = create(NodeSchema, {
    product: "A",
    blockDevice: [lasting],
    networkInterface: [{ driver: "igb" }],
    numaNode: [{ number: 1 }],
    cpu: [{ architecture: { case: "x8664", value: { family: 6 } } }],
  });
  expect(toBinary(NodeSchema, node)).toEqual(toBinary(NodeSchema, expected));
});
