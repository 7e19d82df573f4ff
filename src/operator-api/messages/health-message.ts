import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MachineHealthSchema, MachinePowerStateSchema } from "../../../gen/farrier/operator/v1/controller_pb.ts";
import { healthValues } from "../../contract/words/health.ts";
import type { HealthRecord } from "../../database/queries/controller/health.ts";
import type { PowerRecord } from "../../database/queries/controller/power.ts";
import { defined } from "../../lib/defined.ts";

/** A machine's health in the operator API. */
export function healthMessage(health: HealthRecord): MessageInitShape<typeof MachineHealthSchema> {
  const { readAt, problem, inletCelsius } = health;
  return {
    rollup: healthValues[health.rollup],
    since: timestampFromDate(health.since),
    failed: [...health.failed],
    unread: [...health.unread],
    ...defined({ inletCelsius }),
    events: health.events.map(({ at, severity, text }) => ({
      severity: healthValues[severity],
      text,
      ...(at === undefined ? {} : { at: timestampFromDate(at) }),
    })),
    ...(readAt === undefined ? {} : { readAt: timestampFromDate(readAt) }),
    ...(problem === undefined ? {} : { problem: problem.cause, problemAt: timestampFromDate(problem.at) }),
  };
}

/** A machine's power in the operator API. */
export function powerMessage(power: PowerRecord): MessageInitShape<typeof MachinePowerStateSchema> {
  return {
    power: power.power,
    since: timestampFromDate(power.since),
    readAt: timestampFromDate(power.readAt),
    readFrom: power.readFrom,
  };
}
