import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { MachineStateOwner, StandingSchema, type Standing } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import type { MachineStateName, MachineStateOwner as Owner } from "../../database/machine-state.ts";
import type { MachineRecord } from "../../database/queries/views/machine-record.ts";
import { machineStateValues, machineStateWords } from "../../contract/words/machine-state.ts";
import { wordOf } from "../../contract/words/table.ts";
import { stateWords } from "../explain/states.ts";

const owners: Record<Owner, MachineStateOwner> = {
  operator: MachineStateOwner.OPERATOR,
  agent: MachineStateOwner.AGENT,
  shepherd: MachineStateOwner.SHEPHERD,
  server: MachineStateOwner.SERVER,
};

/** The database's name of a state of the contract; undefined for a state that this server does not know. */
export function stateNamed(state: number): MachineStateName | undefined {
  return wordOf(machineStateWords, state);
}

/** A machine's state in the operator API; `nextStep` if facts besides the record decided it. */
export function standingMessage(record: MachineRecord, nextStep?: string): Standing {
  const { state } = record;
  const words = stateWords(state.state);
  return create(StandingSchema, {
    state: machineStateValues[state.state],
    since: timestampFromDate(state.since),
    ...(state.deadline === undefined ? {} : { deadline: timestampFromDate(state.deadline) }),
    ...(state.deadlineMissedAt === undefined ? {} : { deadlineMissedAt: timestampFromDate(state.deadlineMissedAt) }),
    owner: owners[words.owner({ record })],
    nextStep: nextStep ?? words.step({ record }).next,
  });
}
