import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import {
  HistoryEntrySchema,
  MachineAddRequestSchema,
  type HistoryEntry,
  type MachineService,
} from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { isUuid, machineId, type MachineId, type RequestId } from "../../database/ids.ts";
import { historyList, type HistoryCursor, type HistoryRecord } from "../../database/queries/history.ts";
import { machineAdd, machineList, machineShow } from "../../database/queries/machine.ts";
import { bodyDigest } from "../body-digest.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operatorKey } from "../identity.ts";
import { machineMessage } from "../machine-message.ts";
import { machineOf } from "../machine-reference.ts";
import {
  labelsField,
  machineField,
  newNameField,
  pageSizeField,
  requestIdField,
  requiredText,
  text,
  validate,
} from "../validate.ts";

const addRequest = z.object({
  requestId: requestIdField,
  provider: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/u, "expected a-z, 0-9 and '-', beginning with a letter, at most 32 characters"),
  providerId: requiredText(256),
  name: newNameField,
  labels: labelsField,
  reservationId: text(256),
  address: text(256),
  location: text(256),
});

const listRequest = z.object({
  labels: labelsField,
  pageSize: pageSizeField,
  pageToken: z
    .string()
    .refine((token) => token === "" || isUuid(token), pageTokenMessage())
    .transform((token) => (token === "" ? undefined : machineId(token))),
});

const showRequest = z.object({ machine: machineField });

const historyPattern = /^(?<at>\d{1,18})-(?<id>\d{1,18})$/u;
const historyRequest = z.object({
  machine: machineField,
  pageSize: pageSizeField,
  pageToken: z
    .string()
    .refine((token) => token === "" || historyPattern.test(token), pageTokenMessage())
    .transform(historyCursor),
});

function pageTokenMessage(): string {
  return "expected next_page_token of the page before, unchanged, or nothing for the first page";
}

/** What operators call about machines. */
export function machineHandlers({ database }: OperatorApiDependencies): ServiceImpl<typeof MachineService> {
  return {
    async machineAdd(request, context) {
      const { requestId, name, provider, providerId, labels, ...rest } = validate(addRequest, request);
      const id = machineIdOfRequest(requestId);
      await machineAdd(database, {
        machineId: id,
        requestId,
        command: "machine_add",
        bodyDigest: bodyDigest(MachineAddRequestSchema, request),
        ...(name === "" ? {} : { name }),
        labels,
        provided: { provider, providerId, ...withoutEmpty(rest) },
        actor: context.values.get(operatorKey),
      });
      return { machine: machineMessage(await machineShow(database, id)) };
    },

    async machineList(request) {
      const { labels, pageSize, pageToken } = validate(listRequest, request);
      // One more than asked for tells whether there is another page.
      const records = await machineList(database, {
        labels,
        limit: pageSize + 1,
        ...(pageToken === undefined ? {} : { after: pageToken }),
      });
      const page = records.slice(0, pageSize);
      return {
        machines: page.map((record) => machineMessage(record)),
        nextPageToken: records.length > pageSize ? (page.at(-1)?.machineId ?? "") : "",
      };
    },

    async machineShow(request) {
      const { machine } = validate(showRequest, request);
      return {
        machine: machineMessage(await machineShow(database, await machineOf(database, machine))),
      };
    },

    async machineHistory(request) {
      const { machine, pageSize, pageToken } = validate(historyRequest, request);
      const id = await machineOf(database, machine);
      const records = await historyList(database, id, {
        limit: pageSize + 1,
        ...(pageToken === undefined ? {} : { before: pageToken }),
      });
      if (records.length === 0 && pageToken === undefined) {
        // A machine of which nothing is recorded is there, or was never heard of.
        await machineShow(database, id);
      }
      const page = records.slice(0, pageSize);
      const cursor = records.length > pageSize ? page.at(-1)?.cursor : undefined;
      return {
        entries: page.map((record) => historyMessage(record)),
        nextPageToken: cursor === undefined ? "" : `${cursor.atMicroseconds}-${cursor.id}`,
      };
    },
  };
}

/**
 * The id of the machine that a request to add one makes: the same request names the same machine. A UUID of version 8
 * (RFC 9562, 5.8), from the request id's SHA-256.
 */
function machineIdOfRequest(requestId: RequestId): MachineId {
  const hash = createHash("sha256").update(`farrier machine ${requestId}`).digest();
  hash.writeUInt8(0x80 | (hash.readUInt8(6) & 0x0f), 6);
  hash.writeUInt8(0x80 | (hash.readUInt8(8) & 0x3f), 8);
  const hex = hash.toString("hex");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)];
  return machineId(parts.join("-"));
}

function withoutEmpty(texts: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== ""));
}

function historyCursor(token: string): HistoryCursor | undefined {
  const groups = historyPattern.exec(token)?.groups;
  if (groups === undefined) {
    if (token === "") {
      return undefined;
    }
    throw new ConnectError(`page_token: ${pageTokenMessage()}`, Code.InvalidArgument);
  }
  return { atMicroseconds: BigInt(groups["at"] ?? 0), id: BigInt(groups["id"] ?? 0) };
}

function historyMessage(record: HistoryRecord): HistoryEntry {
  return create(HistoryEntrySchema, {
    at: timestampFromDate(record.at),
    actorKind: record.actor.kind,
    actor: record.actor.name,
    event: record.event,
    generation: record.generation ?? 0n,
    process: record.process ?? "",
    detailJson: JSON.stringify(record.detail ?? {}),
  });
}
