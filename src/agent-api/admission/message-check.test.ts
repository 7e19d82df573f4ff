import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AgentHeartbeatRequestSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import { EnrollRequestSchema, ReportLogRequestSchema } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { limits } from "../limits.ts";
import { messageProblem } from "./message-check.ts";
import { listLimits } from "./message-rules.ts";
import { wireBytes } from "../wire.ts";

const heartbeat = (init: Parameters<typeof create<typeof AgentHeartbeatRequestSchema>>[1]): Uint8Array =>
  toBinary(AgentHeartbeatRequestSchema, create(AgentHeartbeatRequestSchema, init));
const check = (message: Uint8Array): string | undefined => messageProblem(AgentHeartbeatRequestSchema, message);
const many = <T>(length: number, item: T): T[] => Array.from({ length }, () => item);

describe("C5: NUL bytes are refused in every text, with the field's path", () => {
  const table: [string, Uint8Array, string][] = [
    ["a warning", heartbeat({ hardwareReport: { warning: ["ok", "a\0"] } }), "hardware_report.warning"],
    [
      "a maker",
      heartbeat({ hardwareReport: { report: { manufacturer: "\0" } } }),
      "hardware_report.report.manufacturer",
    ],
    [
      "a disk's serial number",
      heartbeat({ hardwareReport: { report: { blockDevice: [{}, { serialNumber: "S\0N" }] } } }),
      "hardware_report.report.block_device.serial_number",
    ],
    [
      "one of a disk's names",
      heartbeat({ hardwareReport: { report: { blockDevice: [{ byId: ["a", "b\0"] }] } } }),
      "hardware_report.report.block_device.by_id",
    ],
    ["a feature", heartbeat({ feature: ["mirror\0"] }), "feature"],
    [
      "an error",
      heartbeat({ installationReport: { result: { case: "error", value: { error: "a\0b" } } } }),
      "installation_report.error.error",
    ],
  ];
  test.each(table)("%s", (_what, message, path) => {
    expect(check(message)).toBe(`${path} has NUL bytes: no NUL bytes are accepted`);
  });

  test("bytes may have them: a run id, a MAC, a WWN", () => {
    expect(
      check(
        heartbeat({
          runId: Buffer.alloc(16),
          hardwareReport: {
            report: { networkInterface: [{ mac: Buffer.alloc(6) }], blockDevice: [{ wwn: Buffer.alloc(8) }] },
          },
        }),
      ),
    ).toBeUndefined();
  });
});

describe("A5: elements are counted before anything is decoded", () => {
  const nodeWith = (element: Buffer[], count: number): Buffer => {
    const node = Buffer.concat(Array.from({ length: count }, () => Buffer.concat(element)));
    return Buffer.concat(wireBytes(2, Buffer.concat(wireBytes(1, node))));
  };
  test.each([
    ["empty block devices", wireBytes(11, Buffer.alloc(0))],
    ["empty MAC addresses in interfaces", wireBytes(12, Buffer.concat(wireBytes(1, Buffer.alloc(0))))],
    ["fields that nobody knows", wireBytes(777, Buffer.alloc(0))],
  ])("200,000 %s", (_what, element) => {
    expect(check(nodeWith(element, 200_000))).toBe(`the message has more than ${limits.elements} elements`);
  });

  test("numbers that are packed into one field", () => {
    const port = wireBytes(12, Buffer.concat(wireBytes(3, Buffer.alloc(100_000, 1))));
    expect(check(nodeWith(port, 1))).toBe(`the message has more than ${limits.elements} elements`);
    const few = wireBytes(12, Buffer.concat(wireBytes(3, Buffer.alloc(65, 1))));
    expect(check(nodeWith(few, 1))).toMatch(/supported_speed_bytes has 65 entries: at most 64 are accepted$/u);
  });

  test("MAC addresses of an Enroll, lines of a log", () => {
    const enroll = toBinary(EnrollRequestSchema, create(EnrollRequestSchema, { mac: many(5_000, Buffer.alloc(0)) }));
    expect(messageProblem(EnrollRequestSchema, enroll)).toMatch(/more than 4096 elements/u);
    const log = toBinary(ReportLogRequestSchema, create(ReportLogRequestSchema, { lines: many(5_000, {}) }));
    expect(messageProblem(ReportLogRequestSchema, log)).toMatch(/more than 4096 elements/u);
  });

  test("limits are as large as hardware is: a machine with all that one can have is accepted", () => {
    const report = {
      cpu: many(32, { cores: 128, architecture: { case: "x8664", value: { family: 6 } } as const }),
      blockDevice: many(512, { serialNumber: "S", byId: ["a", "b", "c"], byPath: ["p"] }),
      networkInterface: many(256, { mac: Buffer.alloc(6), supportedSpeedBytes: [1n, 10n, 25n] }),
      memoryDevice: many(256, {}),
      numaNode: many(8, { distance: many(8, 10) }),
    };
    expect(check(heartbeat({ hardwareReport: { report } }))).toBeUndefined();
    expect(check(heartbeat({ hardwareReport: { report: { pciDevice: many(2_048, {}) } } }))).toBeUndefined();
    expect(check(heartbeat({ hardwareReport: { report: { blockDevice: many(1_025, {}) } } }))).toBe(
      "hardware_report.report.block_device has 1025 entries: at most 1024 are accepted",
    );
  });

  test("every list of a hardware report has a limit of its own", () => {
    const lists = AgentHeartbeatRequestSchema.file.dependencies
      .concat(AgentHeartbeatRequestSchema.file)
      .flatMap((file) => file.messages)
      .filter(({ typeName }) => /^cloud\.agent\.api\.(?!Takeover|AgentInit)|AgentHardwareReport$/u.test(typeName))
      .flatMap(({ typeName, fields }) =>
        fields.filter(({ fieldKind }) => fieldKind === "list").map(({ name }) => `${typeName}.${name}`),
      );
    expect(lists.length).toBeGreaterThan(8);
    expect(lists.filter((name) => listLimits[name] === undefined)).toEqual([]);
  });
});

describe("A1: a field that is no list, repeated", () => {
  test.each([
    ["hardware_report", 2],
    ["installation_report", 3],
    ["machine_id", 1],
  ])("%s: 16 times is accepted, 17 is not", (name, number) => {
    const repeated = (count: number): Buffer =>
      Buffer.concat(Array.from({ length: count }, () => wireBytes(number, Buffer.alloc(0))).flat());
    expect(check(repeated(16))).toBeUndefined();
    expect(check(repeated(17))).toBe(`${name} is given 17 times: at most 16 are accepted`);
  });
});

test("what is no message is said with the field's path", () => {
  const bad = Buffer.from([0x0f, 0x7f]);
  expect(check(bad)).toBe("the request is not a protobuf message");
  expect(check(Buffer.concat(wireBytes(2, bad)))).toBe("hardware_report is not a message of its type");
  expect(check(Buffer.concat(wireBytes(2, Buffer.concat(wireBytes(1, bad)))))).toBe(
    "hardware_report.report is not a message of its type",
  );
  // machine_id as a number.
  expect(check(Buffer.from([0x08, 0x01]))).toBe("the request is not a protobuf message");
});

test("any bytes: an answer, and none that decodes has NUL bytes in its texts", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      if (check(bytes) !== undefined) {
        return;
      }
      let decoded;
      try {
        decoded = fromBinary(AgentHeartbeatRequestSchema, bytes);
      } catch {
        return; // Such as text that is not UTF-8: the decoder reports it.
      }
      expect(decoded.machineId).not.toContain("\0");
      expect(decoded.feature.join()).not.toContain("\0");
    }),
    { numRuns: 2_000 },
  );
});
