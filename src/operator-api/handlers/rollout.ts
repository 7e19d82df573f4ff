import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { z } from "zod";
import {
  RolloutCancelRequestSchema,
  RolloutCreateRequestSchema,
  RolloutDeleteRequestSchema,
  RolloutPauseRequestSchema,
  RolloutReplanRequestSchema,
  RolloutResumeRequestSchema,
  RolloutRetryFailedRequestSchema,
  RolloutStartRequestSchema,
  type Rollout,
  type RolloutService,
} from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { DatabaseError } from "../../database/errors.ts";
import {
  rolloutCancel,
  rolloutPause,
  rolloutResume,
  rolloutRetryFailed,
} from "../../database/queries/rollout/rollout-change.ts";
import {
  rolloutMachinesMatching,
  rolloutMachinesMost,
  rolloutMachinesNamed,
} from "../../database/queries/rollout/rollout-choose.ts";
import { rolloutCauses, rolloutCounts } from "../../database/queries/rollout/rollout-counts.ts";
import {
  rolloutCreate,
  rolloutMachineIds,
  rolloutMadeOf,
  rolloutReplan,
  type RolloutMade,
} from "../../database/queries/rollout/rollout-create.ts";
import { rolloutDelete } from "../../database/queries/rollout/rollout-delete.ts";
import { rolloutEvents } from "../../database/queries/rollout/rollout-event.ts";
import { rolloutMachineList } from "../../database/queries/rollout/rollout-machine-list.ts";
import {
  rolloutList,
  rolloutShow,
  rolloutUnknown,
  type RolloutRecord,
} from "../../database/queries/rollout/rollout-record.ts";
import { rolloutExpectedSeconds } from "../../database/queries/rollout/rollout-sight.ts";
import { rolloutStart, type RolloutCommand } from "../../database/queries/rollout/rollout-start.ts";
import { secretsCommandFind } from "../../database/queries/secret/secrets-command.ts";
import { databaseTime } from "../../database/queries/views/database-time.ts";
import { defined } from "../../lib/defined.ts";
import { withoutUrlSecrets } from "../../lib/net/shown-url.ts";
import { rolloutValuesPlace } from "../../secrets/rollout-values.ts";
import { operatorKey } from "../caller/identity.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { commandName } from "../requests/operator-command.ts";
import { secretDigests } from "../requests/secret-digests.ts";
import { shownAfter } from "../requests/shown-after.ts";
import { pageSizeField, validate } from "../requests/validate.ts";
import {
  numberPageTokenField,
  rolloutCommandRequest,
  rolloutCreateRequest,
  rolloutMachineStatesField,
  rolloutNameField,
  rolloutRetryFailedRequest,
} from "../rollout/rollout-fields.ts";
import {
  rolloutMachineMessage,
  rolloutMachineStateValues,
  rolloutMessage,
  rolloutWaves,
} from "../rollout/rollout-message.ts";
import { rolloutPlan } from "../rollout/rollout-plan.ts";
import { rolloutProfile } from "../rollout/rollout-profile.ts";
import { rolloutValuesOpen } from "../rollout/rollout-requester.ts";

const showRequest = z.object({ rollout: rolloutNameField });
const listRequest = z.object({ pageSize: pageSizeField, pageToken: numberPageTokenField });
const machineListRequest = z.object({
  rollout: rolloutNameField,
  states: rolloutMachineStatesField,
  pageSize: pageSizeField,
  pageToken: numberPageTokenField,
});

/** Events that RolloutShow has. */
const eventsMost = 100;

/** The handlers of RolloutService. */
export function rolloutHandlers({ database, secrets }: OperatorApiDependencies): ServiceImpl<typeof RolloutService> {
  return {
    async rolloutCreate(request, context) {
      const valid = validate(rolloutCreateRequest, request);
      const command = {
        requestId: valid.requestId,
        command: "rollout_create",
        bodyDigests: secretDigests(secrets, RolloutCreateRequestSchema, request),
      };
      const before = await secretsCommandFind(database, command);
      if (before !== undefined) {
        return { rollout: await shownMade(rolloutMadeOf(before)) };
      }
      const { profile, image, imageName } = await rolloutProfile({ database, secrets }, valid.profile, valid.values);
      const machineIds =
        valid.filter === undefined
          ? await rolloutMachinesNamed(database, valid.machines)
          : await rolloutMachinesMatching(database, valid.filter);
      if (machineIds.length === 0 || machineIds.length > rolloutMachinesMost) {
        const found = machineIds.length === 0 ? "no machine matches" : `more than ${rolloutMachinesMost} match`;
        throw new ConnectError(`filter: ${found}: choose others`, Code.FailedPrecondition);
      }
      const planned = await planOf(image, machineIds, valid.waves);
      const { stopAfter, stopAfterPercent } = valid;
      const made = await rolloutCreate(database, {
        ...command,
        actor: context.values.get(operatorKey),
        name: valid.name,
        profile,
        seal: (title) => secrets.seal(rolloutValuesPlace(title), Buffer.from(JSON.stringify(valid.values))),
        waves: valid.waves.length === 0 ? [0] : valid.waves,
        parallel: valid.parallel,
        machines: planned,
        ...(stopAfter === 0 ? {} : { stopAfter: { failures: stopAfter } }),
        ...(stopAfterPercent === 0 ? {} : { stopAfter: { percent: stopAfterPercent } }),
        ...defined({ window: valid.window, expectedSeconds: await rolloutExpectedSeconds(database, imageName) }),
      });
      return { rollout: await shownMade(made) };
    },

    async rolloutReplan(request, context) {
      const command = commandOf(RolloutReplanRequestSchema, request, context);
      const before = await secretsCommandFind(database, command);
      if (before === undefined) {
        const record = await rolloutShow(database, command.name);
        const values = rolloutValuesOpen(secrets, record);
        const { image, imageName } = await rolloutProfile({ database, secrets }, record.profile, values);
        const machines = await planOf(image, await rolloutMachineIds(database, record.number), record.waves);
        const expectedSeconds = await rolloutExpectedSeconds(database, imageName);
        await rolloutReplan(database, { ...command, machines, ...defined({ expectedSeconds }) });
      }
      return { rollout: await shown(command.name) };
    },

    async rolloutStart(request, context) {
      const command = commandOf(RolloutStartRequestSchema, request, context);
      await rolloutStart(database, command);
      return { rollout: await shown(command.name) };
    },

    async rolloutPause(request, context) {
      const command = commandOf(RolloutPauseRequestSchema, request, context);
      await rolloutPause(database, command);
      return { rollout: await shown(command.name) };
    },

    async rolloutResume(request, context) {
      const command = commandOf(RolloutResumeRequestSchema, request, context);
      await rolloutResume(database, command);
      return { rollout: await shown(command.name) };
    },

    async rolloutCancel(request, context) {
      const command = commandOf(RolloutCancelRequestSchema, request, context);
      await rolloutCancel(database, command);
      return { rollout: await shown(command.name) };
    },

    async rolloutDelete(request, context) {
      await rolloutDelete(database, commandOf(RolloutDeleteRequestSchema, request, context));
      return {};
    },

    async rolloutRetryFailed(request, context) {
      const command = commandOf(RolloutRetryFailedRequestSchema, request, context);
      const { causes } = validate(rolloutRetryFailedRequest, request);
      return { ...(await rolloutRetryFailed(database, { ...command, causes })), rollout: await shown(command.name) };
    },

    async rolloutShow(request) {
      const { rollout: name } = validate(showRequest, request);
      const record = await rolloutShow(database, name);
      const counts = await rolloutCounts(database, [record.number]);
      const causes = await rolloutCauses(database, record.number);
      const events = await rolloutEvents(database, record.number, eventsMost);
      return {
        rollout: rolloutMessage(record, counts, await databaseTime(database)),
        waves: rolloutWaves(record, counts),
        causes: causes.map((cause) => ({
          ...cause,
          state: rolloutMachineStateValues[cause.state],
          error: withoutUrlSecrets(cause.error),
        })),
        events: events.map(({ at, ...event }) => ({ at: timestampFromDate(at), ...event })),
      };
    },

    async rolloutList(request) {
      const { pageSize, pageToken } = validate(listRequest, request);
      const found = await rolloutList(database, { before: pageToken, limit: pageSize + 1 });
      const page = found.slice(0, pageSize);
      const counts = await rolloutCounts(
        database,
        page.map(({ number }) => number),
      );
      const now = await databaseTime(database);
      return {
        rollouts: page.map((record) => rolloutMessage(record, counts, now)),
        nextPageToken: found.length > pageSize ? String(page.at(-1)?.number ?? "") : "",
      };
    },

    async rolloutMachineList(request) {
      const { rollout: name, states, pageSize, pageToken } = validate(machineListRequest, request);
      const { number } = await rolloutShow(database, name);
      const found = await rolloutMachineList(database, number, { states, after: pageToken, limit: pageSize + 1 });
      const page = found.slice(0, pageSize);
      return {
        machines: page.map((record) =>
          rolloutMachineMessage({ ...record, error: record.error === null ? null : withoutUrlSecrets(record.error) }),
        ),
        nextPageToken: found.length > pageSize ? String(page.at(-1)?.position ?? "") : "",
      };
    },
  };

  async function shownMade({ name, number }: RolloutMade): Promise<Rollout> {
    return shownAs(name, true, async () => {
      const record = await rolloutShow(database, name);
      if (number !== undefined && number !== record.number) {
        throw rolloutUnknown(name);
      }
      return record;
    });
  }

  async function shown(name: string): Promise<Rollout> {
    return shownAs(name, false, () => rolloutShow(database, name));
  }

  async function shownAs(name: string, makes: boolean, read: () => Promise<RolloutRecord>): Promise<Rollout> {
    const commanded = { what: `rollout "${name}"`, deletion: { command: "rollout_delete", names: [name] }, makes };
    const record = await shownAfter(database, commanded, read);
    return rolloutMessage(record, await rolloutCounts(database, [record.number]), await databaseTime(database));
  }

  async function planOf(...[image, machineIds, waves]: PlanArguments) {
    const planned = await rolloutPlan(database, image, machineIds, waves);
    if ("problem" in planned) {
      throw new ConnectError(`waves: ${planned.problem}`, Code.InvalidArgument);
    }
    if (planned.machines.length === 0) {
      throw new DatabaseError("refused", "none of its machines is there any more: make another rollout");
    }
    return planned.machines;
  }

  function commandOf<Desc extends DescMessage>(
    schema: Desc,
    request: MessageShape<Desc>,
    context: HandlerContext,
  ): RolloutCommand {
    const { requestId, rollout: name } = validate(rolloutCommandRequest, request);
    return {
      requestId,
      command: commandName(context.method.name),
      bodyDigests: secretDigests(secrets, schema, request),
      actor: context.values.get(operatorKey),
      name,
    };
  }
}

type PlanArguments = [
  image: Parameters<typeof rolloutPlan>[1],
  machineIds: Parameters<typeof rolloutPlan>[2],
  waves: readonly number[],
];
