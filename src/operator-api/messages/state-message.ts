import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  MachineState,
  MachineStateOwner,
  StandingSchema,
  type Standing,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { machineStates, type MachineStateName, type MachineStateOwner as Owner } from "../../database/machine-state.ts";
import type { MachineRecord } from "../../database/queries/views/machine-record.ts";
import { stateWords } from "../explain/states.ts";

/** The contract's states, by their names in the database. */
export const stateMessages: Record<MachineStateName, MachineState> = {
  new: MachineState.NEW,
  "awaiting-agent": MachineState.AWAITING_AGENT,
  ready: MachineState.READY,
  "install-pending": MachineState.INSTALL_PENDING,
  installing: MachineState.INSTALLING,
  installed: MachineState.INSTALLED,
  "install-failed": MachineState.INSTALL_FAILED,
  "agent-lost": MachineState.AGENT_LOST,
  "starting-agent": MachineState.STARTING_AGENT,
  recovering: MachineState.RECOVERING,
  "backing-off": MachineState.BACKING_OFF,
  quarantined: MachineState.QUARANTINED,
};

const owners: Record<Owner, MachineStateOwner> = {
  operator: MachineStateOwner.OPERATOR,
  agent: MachineStateOwner.AGENT,
  shepherd: MachineStateOwner.SHEPHERD,
  server: MachineStateOwner.SERVER,
};

/** The database's name of a state of the contract; undefined for a state that this server does not know. */
export function stateNamed(state: number): MachineStateName | undefined {
  return machineStates.find((name) => stateMessages[name] === state);
}

/** A machine's state in the operator API; `nextStep` if facts besides the record decided it. */
export function standingMessage(record: MachineRecord, nextStep?: string): Standing {
  const { state } = record;
  const words = stateWords(state.state);
  return create(StandingSchema, {
    state: stateMessages[state.state],
    since: timestampFromDate(state.since),
    ...(state.deadline === undefined ? {} : { deadline: timestampFromDate(state.deadline) }),
    ...(state.deadlineMissedAt === undefined ? {} : { deadlineMissedAt: timestampFromDate(state.deadlineMissedAt) }),
    owner: owners[words.owner({ record })],
    nextStep: nextStep ?? words.step({ record }).next,
  });
}
