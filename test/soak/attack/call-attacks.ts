import type { Attack, AttackedConnection, AttackTargets } from "./attack.ts";
import { callFrames, reset } from "./frames.ts";
import {
  emptyThings,
  enrollPath,
  heartbeatOf,
  heartbeatPath,
  logPath,
  logReport,
  progressPath,
  progressReport,
  repeatedEnroll,
  repeatedHeartbeat,
  strangersEnroll,
  strangersHeartbeat,
} from "./messages.ts";

/** Sends one whole call after the other. */
function calls(path: string, message: (turn: number) => Uint8Array): (connection: AttackedConnection) => Buffer {
  let turn = 0;
  return ({ stream }) => {
    turn += 1;
    return callFrames(stream(), path, message(turn));
  };
}

/** Sends calls that are reset at once, `count` at a time. */
function resetCalls(
  path: string,
  count: number,
  message: (turn: number) => Uint8Array,
): (connection: AttackedConnection) => Buffer {
  let turn = 0;
  return ({ stream }) =>
    Buffer.concat(
      Array.from({ length: count }, () => {
        const id = stream();
        turn += 1;
        return Buffer.concat([callFrames(id, path, message(turn)), reset(id)]);
      }),
    );
}

/** Attacks by calls that are good HTTP/2, by strangers and by an enrolled agent. */
export function callAttacks({ agent }: AttackTargets): readonly Attack[] {
  const { machineId } = agent;
  // Made once: making them would cost the attacker more than sending them costs the server.
  const [report, installation, enroll] = [repeatedHeartbeat(2), repeatedHeartbeat(3), repeatedEnroll()];
  const [devices, warnings, macs] = [emptyThings("devices"), emptyThings("warnings"), emptyThings("macs")];
  const [ownDevices, ownWarnings] = [emptyThings("devices", machineId), emptyThings("warnings", machineId)];
  const ownHeartbeat = heartbeatOf(machineId);
  const [strangersLog, ownLog] = [logReport(), logReport(machineId)];
  const port = "agents";
  return [
    { id: "A1", what: "field 2 thousands of times", port, connections: 4, next: calls(heartbeatPath, () => report) },
    {
      id: "A1",
      what: "field 3 thousands of times",
      port,
      connections: 4,
      next: calls(heartbeatPath, () => installation),
    },
    {
      id: "A1",
      what: "Enroll, field 4 thousands of times",
      port,
      connections: 4,
      next: calls(enrollPath, () => enroll),
    },
    {
      id: "A2",
      what: "heartbeats of one machine, reset",
      port,
      connections: 36,
      next: resetCalls(heartbeatPath, 100, () => strangersHeartbeat),
    },
    {
      id: "A2",
      what: "heartbeats of one machine",
      port,
      connections: 36,
      next: calls(heartbeatPath, () => strangersHeartbeat),
    },
    {
      id: "A2",
      what: "an agent's own heartbeats",
      port,
      connections: 36,
      identity: "enrolled",
      next: calls(heartbeatPath, () => ownHeartbeat),
    },
    {
      id: "A2",
      what: "an agent's own heartbeats, reset",
      port,
      connections: 36,
      identity: "enrolled",
      next: resetCalls(heartbeatPath, 100, () => ownHeartbeat),
    },
    {
      id: "A3",
      what: "a stranger's progress reports, reset",
      port,
      connections: 3,
      next: resetCalls(progressPath, 20, (turn) => progressReport(undefined, turn)),
    },
    { id: "A5", what: "empty block devices", port, connections: 4, next: calls(heartbeatPath, () => devices) },
    { id: "A5", what: "empty warnings", port, connections: 4, next: calls(heartbeatPath, () => warnings) },
    { id: "A5", what: "Enroll with empty MACs", port, connections: 4, next: calls(enrollPath, () => macs) },
    {
      id: "A5",
      what: "an agent's empty block devices",
      port,
      connections: 4,
      identity: "enrolled",
      next: calls(heartbeatPath, () => ownDevices),
      pace: 50,
    },
    {
      id: "A5",
      what: "an agent's empty warnings",
      port,
      connections: 4,
      identity: "enrolled",
      next: calls(heartbeatPath, () => ownWarnings),
      pace: 50,
    },
    { id: "A9", what: "strangers' logs", port, connections: 8, next: calls(logPath, () => strangersLog) },
    {
      id: "A9",
      what: "an agent's logs",
      port,
      connections: 4,
      identity: "enrolled",
      next: calls(logPath, () => ownLog),
    },
    { id: "A9", what: "Enroll", port, connections: 8, next: calls(enrollPath, strangersEnroll) },
    {
      id: "C1",
      what: "an agent's progress, phases alternating",
      port,
      connections: 150,
      identity: "enrolled",
      next: calls(progressPath, (turn) => progressReport(machineId, turn)),
    },
  ];
}
