import { ControllerError } from "../controller.ts";
import { linkAt, textOf, textsOf } from "./json.ts";
import type { RedfishService, Resource } from "./service.ts";

/** Maximum number of accounts that are searched for the client's own: iDRAC has 16 slots. */
const accountsMost = 32;

/** The account that this client logs in as; undefined = the controller does not show it. */
export async function accountFind(service: RedfishService, signal: AbortSignal): Promise<Resource | undefined> {
  // An account that must change its password can read nothing else, so the link comes from the login.
  await service.session.authorization(signal);
  if (service.session.accountLink !== undefined) {
    return service.find(service.session.accountLink, signal);
  }
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

/** Changes the account's password, and uses the new one from then on. @throws {ControllerError} */
export async function passwordSet(service: RedfishService, password: string, signal: AbortSignal): Promise<void> {
  const account = await accountFind(service, signal);
  if (account === undefined) {
    throw new ControllerError(
      "unsupported",
      `${service.origin} does not show the account ${JSON.stringify(service.userName)}, so its password can't be changed over Redfish: change it in the controller, then store it (farrier credential rotate)`,
    );
  }
  await service.change({ method: "PATCH", link: account.link, body: { Password: password } }, signal);
  await service.session.replace(password, signal);
  // The next login proves that the new password works.
  await service.get(account.link, signal);
}
