import { fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { z } from "zod";
import { AgentHardwareReportSchema } from "../../../gen/cloud/bmaas/server/api/agent_pb.ts";
import type { EnrollmentSchema, EnrollmentService } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { bootWindowsOpen } from "../../database/queries/boot/boot-windows-open.ts";
import { secondClaimants } from "../../database/queries/enrollment/second-claimants.ts";
import { databaseTime } from "../../database/queries/views/database-time.ts";
import { bootWindowMessage } from "../messages/boot-window-message.ts";
import { agentRefusedList } from "../../database/queries/agent/agent-refused.ts";
import { bootWindowCloseOnce, bootWindowOpenOnce } from "../../database/queries/boot/boot-window-command.ts";
import {
  enrollmentApproveKnown,
  enrollmentApproveNew,
  enrollmentReject,
} from "../../database/queries/enrollment/enrollment-approve.ts";
import { claimList, type EnrollmentClaim } from "../../database/queries/enrollment/enrollment-list.ts";
import { machineShow } from "../../database/queries/machine/machine-show.ts";
import type { OperatorApiDependencies } from "../dependencies.ts";
import { operatorCommand } from "../requests/operator-command.ts";
import { machineIdOfRequest } from "../requests/machine-id-of-request.ts";
import { machineMessage } from "../messages/machine-message.ts";
import { machineOf } from "../requests/machine-reference.ts";
import { labelsField, machineField, newNameField, requestIdField, validate } from "../requests/validate.ts";

/** Default duration of a boot window in seconds. */
const windowSeconds = 600;

const openRequest = z.object({
  requestId: requestIdField,
  machine: machineField,
  seconds: z
    .int()
    .min(0, "expected 1 to 86400, or 0 for 600")
    .max(86_400, "expected 1 to 86400, or 0 for 600")
    .transform((seconds) => (seconds === 0 ? windowSeconds : seconds)),
});

const closeRequest = z.object({ requestId: requestIdField, machine: machineField });

const keyField = z
  .string()
  .regex(/^[0-9a-f]{16,64}$/iu, "expected an agent's public key in hex, or its first 16 or more characters");

const approveRequest = z
  .object({
    requestId: requestIdField,
    key: keyField,
    machine: z.union([z.literal(""), machineField]),
    name: newNameField,
    labels: labelsField,
    replace: z.boolean(),
  })
  .refine(({ machine, name, labels }) => machine === "" || (name === "" && Object.keys(labels).length === 0), {
    path: ["machine"],
    message: "is given together with a name or labels for a new machine: give one of the two",
  });

const rejectRequest = z.object({ requestId: requestIdField, key: keyField });

/** The handlers of EnrollmentService. */
export function enrollmentHandlers({
  database,
  secrets,
}: OperatorApiDependencies): ServiceImpl<typeof EnrollmentService> {
  return {
    async bootWindowOpen(request, context) {
      const { machine, seconds } = validate(openRequest, request);
      const machineId = await machineOf(database, machine);
      const { windowId, closesAt } = await bootWindowOpenOnce(database, {
        ...operatorCommand(context, request, machineId),
        seconds,
      });
      return { machineId, windowId, closesAt: timestampFromDate(closesAt) };
    },

    async bootWindowClose(request, context) {
      const { machine } = validate(closeRequest, request);
      const machineId = await machineOf(database, machine);
      await bootWindowCloseOnce(database, {
        ...operatorCommand(context, request, machineId),
      });
      return { machineId };
    },

    async enrollmentList(request) {
      const claims = await claimList(database, { rejected: request.includeRejected });
      const refused = await agentRefusedList(database);
      const windows = await bootWindowsOpen(database);
      const claimants = await secondClaimants(database);
      return {
        at: timestampFromDate(await databaseTime(database)),
        bootWindows: windows.map(({ machineId, name = "", window }) => ({
          machineId,
          machineName: name,
          window: bootWindowMessage(window),
        })),
        secondClaimants: claimants.map(({ name = "", at, ...claimant }) => ({
          ...claimant,
          machineName: name,
          at: timestampFromDate(at),
        })),
        enrollments: claims.map((claim) => enrollmentMessage(claim)),
        refused: refused.map(({ publicKey, machineId, address, since, lastAt, count }) => ({
          ...{ key: Buffer.from(publicKey).toString("hex"), machineId, address, count },
          firstRefusedAt: timestampFromDate(since),
          lastRefusedAt: timestampFromDate(lastAt),
        })),
      };
    },

    async enrollmentApprove(request, context) {
      const { requestId, key, machine, name, labels, replace } = validate(approveRequest, request);
      const machineId = machine === "" ? machineIdOfRequest(requestId) : await machineOf(database, machine);
      const decided = { ...operatorCommand(context, request, machineId), key };
      await (machine === ""
        ? enrollmentApproveNew(database, { ...decided, labels, ...(name === "" ? {} : { name }) })
        : enrollmentApproveKnown(database, { ...decided, replace }));
      return { machine: machineMessage(await machineShow(database, machineId), secrets) };
    },

    async enrollmentReject(request, context) {
      const { requestId, key } = validate(rejectRequest, request);
      const rejected = await enrollmentReject(database, {
        ...operatorCommand(context, request, machineIdOfRequest(requestId)),
        key,
      });
      return { key: rejected };
    },
  };
}

function enrollmentMessage(claim: EnrollmentClaim): MessageInitShape<typeof EnrollmentSchema> {
  const { identity, rejected, claimed, hardwareRaw } = claim;
  return {
    key: Buffer.from(claim.publicKey).toString("hex"),
    smbiosUuid: identity.smbiosUuid ?? "",
    macs: [...identity.macs],
    address: claim.address,
    firstSeenAt: timestampFromDate(claim.firstSeenAt),
    lastSeenAt: timestampFromDate(claim.lastSeenAt),
    ...(rejected === undefined ? {} : { rejectedBy: rejected.by, rejectedAt: timestampFromDate(rejected.at) }),
    machineId: claimed?.machineId ?? "",
    machineName: claimed?.name ?? "",
    related: claim.related.map(({ machineId, name = "" }) => ({ id: machineId, name })),
    ...(hardwareRaw === undefined ? {} : hardwareOf(hardwareRaw)),
  };
}

/** Manufacturer and product from a hardware report. */
function hardwareOf(raw: Uint8Array): { manufacturer?: string; product?: string; serialNumber?: string } {
  try {
    const {
      manufacturer = "",
      product = "",
      serialNumber = "",
    } = fromBinary(AgentHardwareReportSchema, raw).report ?? {};
    return { manufacturer, product, serialNumber };
  } catch {
    // The report was checked when it came; a later version's may have fields that this one can't read.
    return {};
  }
}
