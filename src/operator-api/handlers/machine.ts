import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import {
  HistoryEntrySchema,
  type HistoryEntry,
  type MachineService,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { databaseTime } from "../../database/queries/views/database-time.ts";
import { actorKinds } from "../../database/actor.ts";
import { historyEvents, historyList, type HistoryRecord } from "../../database/history.ts";
import { healthOf } from "../../database/queries/controller/health.ts";
import { machineAdd } from "../../database/queries/machine/machine-add.ts";
import { machineShow } from "../../database/queries/machine/machine-show.ts";
import { machineDelete } from "../../database/queries/machine/machine-delete.ts";
import { machineQuarantine, machineRelease } from "../../database/queries/machine/machine-quarantine.ts";
import { machineUpdate } from "../../database/queries/machine/machine-update.ts";
import { withoutUrlSecrets } from "../../lib/net/shown-url.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operatorCommand } from "../requests/operator-command.ts";
import { machineIdOfRequest } from "../requests/machine-id-of-request.ts";
import { machineMessage } from "../messages/machine-message.ts";
import { machineOf } from "../requests/machine-reference.ts";
import { networkField } from "../requests/network-field.ts";
import { timePageToken, timePageTokenField } from "../requests/page-token.ts";
import { sshField, sshOfRequest } from "../requests/ssh-field.ts";
import { isCount } from "../caller/query-token.ts";
import {
  count,
  labelKeyField,
  labelsField,
  line,
  machineField,
  macsField,
  newNameField,
  pageSizeField,
  requestIdField,
  requiredText,
  smbiosUuidField,
  timeField,
  validate,
} from "../requests/validate.ts";
import { machineCountHandler } from "./machine-count.ts";
import { machineExplainHandler } from "./machine-explain.ts";
import { machineListHandler } from "./machine-list.ts";
import { machineLogHandler } from "./machine-log.ts";
import { machineWatchHandler } from "./machine-watch.ts";
import { defined } from "../../lib/defined.ts";

const addRequest = z.object({
  requestId: requestIdField,
  provider: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/u, "expected a-z, 0-9 and '-', beginning with a letter, at most 32 characters"),
  providerId: requiredText(256),
  name: newNameField,
  labels: labelsField,
  reservationId: line(256),
  address: line(256),
  location: line(256),
  smbiosUuid: smbiosUuidField,
  macs: macsField,
  ssh: sshField,
});

const showRequest = z.object({ machine: machineField });

const updateRequest = z
  .object({
    requestId: requestIdField,
    machine: machineField,
    name: newNameField.optional(),
    setLabels: labelsField,
    removeLabels: z.array(labelKeyField).max(64, "expected at most 64 keys"),
    smbiosUuid: smbiosUuidField.optional(),
    addMacs: macsField,
    removeMacs: macsField,
    ssh: sshField,
    networkConfig: networkField.optional(),
  })
  .refine(
    ({ name, setLabels, removeLabels, smbiosUuid, addMacs, removeMacs, ssh, networkConfig }) =>
      name !== undefined ||
      smbiosUuid !== undefined ||
      ssh !== undefined ||
      networkConfig !== undefined ||
      Object.keys(setLabels).length + removeLabels.length + addMacs.length + removeMacs.length > 0,
    "no change is named: give name, set_labels, remove_labels, smbios_uuid, add_macs, remove_macs, ssh or network_config",
  )
  .refine(({ setLabels, removeLabels }) => removeLabels.every((key) => setLabels[key] === undefined), {
    path: ["removeLabels"],
    message: "has a key that is in set_labels too: give it in one of the two",
  });

const commandRequest = z.object({ requestId: requestIdField, machine: machineField });
const quarantineRequest = commandRequest.extend({ reason: requiredText(1024) });

const historyRequest = z.object({
  machine: machineField,
  pageSize: pageSizeField,
  pageToken: timePageTokenField((id) => (isCount(id) ? BigInt(id) : undefined)),
  events: z
    .array(z.enum(historyEvents, "expected events of history, such as installation_requested"))
    .max(100, "expected at most 100 events"),
  actorKinds: z
    .array(z.enum(actorKinds, `expected ${actorKinds.join(", ")}`))
    .max(actorKinds.length, `expected at most ${actorKinds.length} kinds`),
  generation: count,
  from: timeField,
});

/** The handlers of MachineService. */
export function machineHandlers(dependencies: OperatorApiDependencies): ServiceImpl<typeof MachineService> {
  const { database, secrets } = dependencies;
  return {
    async machineAdd(request, context) {
      const { requestId, name, provider, providerId, labels, smbiosUuid, macs, ssh, ...rest } = validate(
        addRequest,
        request,
      );
      const id = machineIdOfRequest(requestId);
      await machineAdd(database, {
        ...operatorCommand(context, request, id),
        ...(name === "" ? {} : { name }),
        labels,
        provided: { provider, providerId, ...withoutEmpty(rest) },
        ...(smbiosUuid === "" ? {} : { smbiosUuid }),
        macs,
        ...(ssh === undefined ? {} : { ssh: await sshOfRequest(database, ssh) }),
      });
      return { machine: machineMessage(await machineShow(database, id), secrets) };
    },

    machineList: machineListHandler(dependencies),
    machineCount: machineCountHandler(dependencies),
    machineExplain: machineExplainHandler(dependencies),
    machineLog: machineLogHandler(dependencies),
    machineWatch: machineWatchHandler(dependencies),

    async machineUpdate(request, context) {
      const { machine, name, smbiosUuid, ssh, networkConfig, ...changes } = validate(updateRequest, request);
      const id = await machineOf(database, machine);
      await machineUpdate(database, {
        ...operatorCommand(context, request, id),
        ...(name === undefined ? {} : { name: name === "" ? null : name }),
        ...(smbiosUuid === undefined ? {} : { smbiosUuid: smbiosUuid === "" ? null : smbiosUuid }),
        ...(ssh === undefined ? {} : { ssh: await sshOfRequest(database, ssh) }),
        ...(networkConfig === undefined ? {} : { networkConfig: networkConfig.trim() === "" ? null : networkConfig }),
        ...changes,
      });
      return { machine: machineMessage(await machineShow(database, id), secrets) };
    },

    async machineDelete(request, context) {
      const { machine } = validate(commandRequest, request);
      const id = await machineOf(database, machine);
      await machineDelete(database, {
        ...operatorCommand(context, request, id),
      });
      return { machineId: id };
    },

    async machineQuarantine(request, context) {
      const { machine, reason } = validate(quarantineRequest, request);
      const id = await machineOf(database, machine);
      const cancelledGeneration = await machineQuarantine(database, {
        ...operatorCommand(context, request, id),
        reason,
      });
      return { machine: machineMessage(await machineShow(database, id), secrets), cancelledGeneration };
    },

    async machineRelease(request, context) {
      const { machine } = validate(commandRequest, request);
      const id = await machineOf(database, machine);
      await machineRelease(database, {
        ...operatorCommand(context, request, id),
      });
      return { machine: machineMessage(await machineShow(database, id), secrets) };
    },

    async machineShow(request) {
      const { machine } = validate(showRequest, request);
      const id = await machineOf(database, machine);
      const at = await databaseTime(database);
      const record = await machineShow(database, id);
      // Only here with the events of its health, which lists of machines leave out.
      const health = record.health === undefined ? undefined : await healthOf(database, id);
      return {
        machine: machineMessage({ ...record, ...defined({ health }) }, secrets),
        at: timestampFromDate(at),
      };
    },

    async machineHistory(request) {
      const {
        machine,
        pageSize,
        pageToken,
        events,
        actorKinds: kinds,
        generation,
        from,
      } = validate(historyRequest, request);
      const id = await machineOf(database, machine);
      const records = await historyList(database, id, {
        limit: pageSize + 1,
        events,
        actorKinds: kinds,
        ...defined({ before: pageToken, from, generation: generation === 0n ? undefined : generation }),
      });
      if (records.length === 0 && pageToken === undefined) {
        // Tells a machine without history from a machine that never existed.
        await machineShow(database, id);
      }
      const page = records.slice(0, pageSize);
      const cursor = records.length > pageSize ? page.at(-1)?.cursor : undefined;
      return {
        entries: page.map((record) => historyMessage(record)),
        nextPageToken: timePageToken(cursor),
      };
    },
  };
}

function withoutEmpty(texts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== ""));
}

function historyMessage(record: HistoryRecord): HistoryEntry {
  return create(HistoryEntrySchema, {
    at: timestampFromDate(record.at),
    actorKind: record.actor.kind,
    actor: record.actor.name,
    event: record.event,
    generation: record.generation ?? 0n,
    process: record.process ?? "",
    detailJson: withoutUrlSecrets(JSON.stringify(record.detail ?? {})),
  });
}
