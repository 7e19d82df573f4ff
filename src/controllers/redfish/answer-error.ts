import type { ControllerErrorCode } from "../controller.ts";
import { ControllerError } from "../controller.ts";
import type { RedfishMessage } from "./messages.ts";
import { spoken } from "./messages.ts";

/** A controller's refusal. */
export class AnswerError extends ControllerError {
  /** Of HTTP. */
  readonly status: number;
  /** Not among its properties: what a controller says may repeat what it was sent, and loggers write properties. */
  readonly #messages: readonly RedfishMessage[];
  /** The same call may do in a moment; true also where `code` is not `busy`. */
  readonly passing: boolean;

  constructor(
    code: ControllerErrorCode,
    message: string,
    answer: Pick<AnswerError, "status" | "messages" | "passing">,
  ) {
    super(code, message);
    this.status = answer.status;
    this.#messages = answer.messages;
    this.passing = answer.passing;
  }

  get messages(): readonly RedfishMessage[] {
    return this.#messages;
  }
}

/** An answer that is no success. */
export interface RefusedAnswer {
  /** "POST /redfish/v1/…", for the message. */
  call: string;
  origin: string;
  status: number;
  messages: readonly RedfishMessage[];
}

/** Says for a message id of one maker's whether it passes by itself. */
export type PassingRule = (status: number, id: string) => boolean;

// Base and other standard registries; makers' own are in their rules.
const passingIds = new Set([
  "ServiceTemporarilyUnavailable",
  "ServiceInUnknownState",
  "ServiceShuttingDown",
  "ResourceInUse",
  "ResourceInStandby",
  "ResourceInCriticalState",
  "OperationTimeout",
  "SessionLimitExceeded",
  "ResourceExhaustion",
  "ResourceNotReadyRetry",
]);

/** The error that an answer is. Pure. */
export function refusalError(answer: RefusedAnswer, passingRule: PassingRule): AnswerError {
  const { status, messages } = answer;
  const passing =
    [429, 500, 502, 503, 504].includes(status) ||
    messages.some(({ id }) => passingIds.has(id) || passingRule(status, id));
  const code = codeOf(status, messages, passing);
  const said = spoken(messages);
  const words = said === undefined ? "it says no more" : `it says: ${said}`;
  return new AnswerError(code, `${answer.origin} answered ${answer.call} with ${status}${advice(code)}; ${words}`, {
    status,
    messages,
    passing,
  });
}

function codeOf(status: number, messages: readonly RedfishMessage[], passing: boolean): ControllerErrorCode {
  if (messages.some(({ id }) => id === "PasswordChangeRequired")) {
    return "password_change_required";
  }
  if (status === 401) {
    return "unauthorized";
  }
  if (status === 403) {
    return "forbidden";
  }
  if (passing) {
    return "busy";
  }
  return [404, 405, 410, 501].includes(status) ? "unsupported" : "refused";
}

function advice(code: ControllerErrorCode): string {
  switch (code) {
    case "unauthorized":
      return ": the user name or the password is wrong";
    case "forbidden":
      return ": the account's rights do not suffice, it needs those of an operator of the controller";
    case "password_change_required":
      return ": the account has to change its password first (farrier bmc password)";
    case "unsupported":
      return ": it has no such function";
    default:
      return "";
  }
}
