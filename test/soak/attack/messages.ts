import { randomBytes, randomUUID } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { AgentHeartbeatRequestSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import {
  EnrollRequestSchema,
  LogLevel,
  Phase,
  ReportLogRequestSchema,
  ReportProgressRequestSchema,
} from "../../../gen/farrier/agent/v1/agent_service_pb.ts";

export const heartbeatPath = "/cloud.bmaas.server.api.AgentCallback/Heartbeat";
export const enrollPath = "/farrier.agent.v1.AgentService/Enroll";
export const progressPath = "/farrier.agent.v1.AgentService/ReportProgress";
export const logPath = "/farrier.agent.v1.AgentService/ReportLog";

/** The machine that strangers speak of: no control plane knows it. */
const strangersMachine: string = randomUUID();

/** A heartbeat that says nothing but whose it is. */
export function heartbeatOf(machineId: string): Uint8Array {
  return toBinary(AgentHeartbeatRequestSchema, create(AgentHeartbeatRequestSchema, { machineId }));
}

/** A heartbeat of a machine that nobody knows. */
export const strangersHeartbeat = heartbeatOf(strangersMachine);

/** A base-128 number of protobuf. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.of(...bytes, rest);
}

/** A field of bytes. */
function field(number: number, value: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(value.length), value]);
}

/** `value` as field `number`, repeated until the message has that number of bytes. */
function repeated(start: Uint8Array, number: number, value: Uint8Array, size: number): Buffer {
  const part = field(number, value);
  const count = Math.floor((size - start.length) / part.length);
  return Buffer.concat([start, Buffer.alloc(count * part.length, part)]);
}

const mebibyte = 2 ** 20 - 64;

/** A1: a heartbeat of 1 MiB whose hardware report, or installation report, is there thousands of times. */
export function repeatedHeartbeat(number: 2 | 3): Buffer {
  const value = number === 2 ? field(1, field(9, Buffer.alloc(4))) : field(100, Buffer.alloc(16));
  return repeated(strangersHeartbeat, number, value, mebibyte);
}

/** A1: an Enroll whose hardware report is there thousands of times. */
export function repeatedEnroll(): Buffer {
  const start = toBinary(EnrollRequestSchema, create(EnrollRequestSchema, { smbiosUuid: randomUUID() }));
  return repeated(start, 4, field(1, field(9, Buffer.alloc(4))), mebibyte);
}

/** A5: a message of 512 KiB that decodes to hundreds of thousands of empty things; of the machine, or a made-up one. */
export function emptyThings(what: "devices" | "warnings" | "macs", machineId = strangersMachine): Buffer {
  const size = 2 ** 19 - 256;
  if (what === "macs") {
    return repeated(Buffer.alloc(0), 3, Buffer.alloc(0), size);
  }
  const start = toBinary(AgentHeartbeatRequestSchema, create(AgentHeartbeatRequestSchema, { machineId }));
  // Field 1 of the report is the node, whose field 11 are its block devices; field 2 its warnings.
  const inner =
    what === "warnings"
      ? repeated(Buffer.alloc(0), 2, Buffer.alloc(0), size)
      : field(1, repeated(Buffer.alloc(0), 11, Buffer.alloc(0), size));
  return Buffer.concat([start, field(2, inner)]);
}

/** A progress report; each of a machine's alternates between two phases, so that each has to be written. */
export function progressReport(machineId: string | undefined, turn: number): Buffer {
  const message = create(ReportProgressRequestSchema, {
    machineId: machineId ?? strangersMachine,
    generation: 1n,
    phase: turn % 2 === 0 ? Phase.WRITING : Phase.VERIFYING,
    runId: Uint8Array.from(randomBytes(16)),
  });
  return Buffer.from(toBinary(ReportProgressRequestSchema, message));
}

/** Lines of a log, of a machine that nobody knows unless one is named. */
export function logReport(machineId: string = strangersMachine): Buffer {
  const lines = Array.from({ length: 100 }, () => ({ atMs: 1n, level: LogLevel.INFO, text: "x".repeat(100) }));
  const message = create(ReportLogRequestSchema, {
    machineId,
    runId: Uint8Array.from(randomBytes(16)),
    sequence: 1n,
    lines,
  });
  return Buffer.from(toBinary(ReportLogRequestSchema, message));
}

/** An Enroll of a machine that nobody knows. */
export function strangersEnroll(): Buffer {
  return Buffer.from(toBinary(EnrollRequestSchema, create(EnrollRequestSchema, { smbiosUuid: randomUUID(), mac: [] })));
}
