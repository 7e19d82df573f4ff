import { defined } from "../../lib/defined.ts";
import { describeError } from "../../lib/errors.ts";
import { ControllerError, type PasswordLimits } from "../controller.ts";
import { AnswerError } from "./answer-error.ts";
import { linkAt, textOf, textsOf } from "./json.ts";
import type { Patience } from "./patience.ts";
import type { RedfishService, Resource } from "./service.ts";
import { taskEnd } from "./task.ts";

/** Maximum number of accounts that are searched for the client's own: iDRAC has 16 slots. */
const accountsMost = 32;

/** The account that this client logs in as; undefined = the controller does not show it. */
export async function accountFind(service: RedfishService, signal: AbortSignal): Promise<Resource | undefined> {
  // An account that must change its password can read nothing else, so the link comes from the login.
  await service.session.authorization(signal);
  if (service.session.accountLink !== undefined) {
    return service.find(service.session.accountLink, signal);
  }
  try {
    return await accountSearch(service, signal);
  } catch (error) {
    // Without a session, the first call says so (row 30).
    const link = changeLink(error);
    if (link === undefined) {
      throw error;
    }
    service.session.passwordChange(service.own(link));
    return service.find(link, signal);
  }
}

async function accountSearch(service: RedfishService, signal: AbortSignal): Promise<Resource | undefined> {
  const accounts = await service.find(linkAt((await service.root(signal)).body, "AccountService"), signal);
  const collection = await service.find(linkAt(accounts?.body, "Accounts"), signal);
  if (collection === undefined) {
    return undefined;
  }
  for (const link of await service.members(collection.link, signal, accountsMost)) {
    const account = await service.find(link, signal);
    if (textOf(account?.body["UserName"]) === service.userName) {
      return account;
    }
  }
  return undefined;
}

/** The account that must change its password, if the error says so. */
function changeLink(error: unknown): string | undefined {
  return error instanceof AnswerError
    ? error.messages.find(({ id }) => id === "PasswordChangeRequired")?.args.find((text) => text.startsWith("/"))
    : undefined;
}

/** The lengths of passwords that the controller accepts, as far as it says so to this account. */
export async function passwordLimits(service: RedfishService, signal: AbortSignal): Promise<PasswordLimits> {
  let found: Resource | undefined;
  try {
    found = await service.find(linkAt((await service.root(signal)).body, "AccountService"), signal);
  } catch (error) {
    if (!(error instanceof AnswerError && error.code === "password_change_required")) {
      throw error;
    }
  }
  return defined({ min: lengthOf(found?.body["MinPasswordLength"]), max: lengthOf(found?.body["MaxPasswordLength"]) });
}

/** A length that a controller gives; some give 0 for "no limit". */
function lengthOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined;
}

/** Whether the account may change anything; true if the controller does not say. */
export async function accountMayControl(service: RedfishService, signal: AbortSignal): Promise<boolean> {
  const account = await accountFind(service, signal);
  const role = await service.find(linkAt(account?.body, "Links", "Role"), signal);
  const privileges = textsOf(role?.body["AssignedPrivileges"]);
  if (privileges.length > 0) {
    return privileges.includes("ConfigureComponents");
  }
  const named = textOf(account?.body["RoleId"]);
  return named === undefined || !/^(?:read-?only|no-?access|none)$/iu.test(named);
}

/**
 * Changes the account's password, and uses the new one from then on. What was accepted is proven by a login alone.
 * @throws {ControllerError} `not_done` if the change was accepted, and its task still runs or the new password does not
 * log in
 */
export async function passwordSet(
  service: RedfishService,
  password: string,
  patience: Patience,
  signal: AbortSignal,
): Promise<void> {
  const account = await accountFind(service, signal);
  if (account === undefined) {
    throw new ControllerError(
      "unsupported",
      `${service.origin} does not show the account ${JSON.stringify(service.userName)}, so its password can't be changed over Redfish: change it in the controller, then store it (farrier credential rotate)`,
    );
  }
  const reply = await service.change({ method: "PATCH", link: account.link, body: { Password: password } }, signal);
  let doubt: ControllerError | undefined;
  try {
    await taskEnd(service, reply, patience, signal);
  } catch (error) {
    if (!(error instanceof ControllerError) || error.code === "not_done") {
      throw error;
    }
    // The account may not read the task with the old password any more, and a task that failed may have changed it.
    doubt = error;
  }
  const before = await service.session.replace(password, signal);
  try {
    // The next login proves that the new password works.
    await service.get(account.link, signal);
  } catch (error) {
    signal.throwIfAborted();
    await service.session.replace(before, signal);
    throw new ControllerError(
      "not_done",
      `${service.origin} accepted a new password, and does not show that it logs in: ${describeError(doubt ?? error)}`,
      { cause: error },
    );
  }
}
