import type { ControllerErrorCode } from "../controller.ts";
import { ControllerError } from "../controller.ts";
import type { RedfishMessage } from "./messages.ts";
import { spoken } from "./messages.ts";

/** A controller refused a call. */
export class AnswerError extends ControllerError {
  /** The HTTP status. */
  readonly status: number;
  /**
   * Private, because loggers write an error's public properties, and the messages may repeat secrets that the
   * controller received.
   */
  readonly #messages: readonly RedfishMessage[];
  /** Whether the same call may succeed in a moment. May be true although `code` is not `busy`. */
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

/** An answer with an error status. */
export interface RefusedAnswer {
  /** The call for the error's message, such as "POST /redfish/v1/…". */
  call: string;
  origin: string;
  status: number;
  messages: readonly RedfishMessage[];
}

/** Whether a maker's own message id reports a temporary refusal. */
export type PassingRule = (status: number, id: string) => boolean;

// Ids in the Base registry and other standard ones. The makers' own ids are in their rules.
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

/** Turns an error answer into an error. Pure. */
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
      return ": the account has to change its password first: `farrier bmc password --help`; or change it in the pages of the controller, then store it: `farrier credential rotate --help`";
    case "unsupported":
      return ": it has no such function";
    default:
      return "";
  }
}
