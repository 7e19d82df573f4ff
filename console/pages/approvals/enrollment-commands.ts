import { EnrollmentService, type Enrollment } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { prepare, type PreparedCommand } from "../../commands/prepared.ts";

/** Hexadecimal digits of a key that are shown and that commands are given. */
export const keyDigits = 16;

/** What an agent is called: its maker, product and serial number, or else its key. Pure. */
export function agentTitle({ manufacturer, product, serialNumber, key }: Enrollment): string {
  const words = [manufacturer, product, serialNumber].filter((word) => word !== "").join(" ");
  return words === "" ? `agent ${key.slice(0, keyDigits)}` : words;
}

/** Lets an agent in: as `machine`, or as a new one with `name`. */
export interface Approval {
  /** UUID or name; "" for a new machine. */
  machine: string;
  /** Of the new machine; "" for none. */
  name: string;
  /** The machine's present agent is shut out. */
  replace: boolean;
}

/** The command that approves an agent. */
export function approvalPrepared(enrollment: Enrollment, approval: Approval, requestId: string): PreparedCommand {
  const { machine, name, replace } = approval;
  return prepare({
    machineId: enrollment.key,
    title: agentTitle(enrollment),
    method: EnrollmentService.method.enrollmentApprove,
    message: { requestId, key: enrollment.key, machine, name, replace },
    words: (message) => [
      ...["enrollment", "approve", message.key.slice(0, keyDigits)],
      ...(machine === "" ? [] : ["--machine", machine]),
      ...(name === "" ? [] : ["--name", name]),
      ...(replace ? ["--replace"] : []),
      ...["--request-id", message.requestId],
    ],
    done: (answer) => `is let in as ${answer.machine?.name || answer.machine?.id || "a machine"}`,
  });
}

/** The command that takes an agent off the list. */
export function rejectionPrepared(enrollment: Enrollment, requestId: string): PreparedCommand {
  return prepare({
    machineId: enrollment.key,
    title: agentTitle(enrollment),
    method: EnrollmentService.method.enrollmentReject,
    message: { requestId, key: enrollment.key },
    words: (message) => ["enrollment", "reject", message.key.slice(0, keyDigits), "--request-id", message.requestId],
    done: () => "is off the list",
  });
}
