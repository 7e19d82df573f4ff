import { ControllerError, type Controller, type ControllerErrorCode } from "../../controllers/controller.ts";
import { passwordMake, passwordProblem } from "../../controllers/password-make.ts";
import { credentialId, type MachineId } from "../../database/ids.ts";
import { historyAppend } from "../../database/history.ts";
import { controllerOf } from "../../database/queries/controller/controller.ts";
import type { HeldOperation } from "../../database/queries/controller/operation-claim.ts";
import { operationPasswordBegin, operationPasswordRead } from "../../database/queries/controller/operation-password.ts";
import { credentialNextDrop, credentialProven } from "../../database/queries/secret/credential.ts";
import { credentialOwn, type OwnCredential } from "../../database/queries/secret/credential-own.ts";
import { uuidOfText } from "../../lib/format/uuid.ts";
import {
  credentialCopySeal,
  credentialNextSeal,
  credentialOpen,
  credentialPlace,
  operationPasswordPlace,
} from "../../secrets/credential-open.ts";
import type { KeyRing } from "../../secrets/key-ring.ts";
import type { ControllerAccess } from "../controllers.ts";
import { type LoginFound, loginTry } from "../login-either.ts";
import type { CarriedOut, CarryOutOptions } from "./options.ts";

/** Failures after which the old password is certainly the right one still. */
const unchanged: ReadonlySet<ControllerErrorCode> = new Set([
  "refused",
  "unsupported",
  "forbidden",
  "password_change_required",
  "untrusted",
  "address_refused",
  "credential_unusable",
  "not_a_controller",
]);

/**
 * Changes the password of a machine's controller. The new password is stored as the credential's next one before it is
 * sent, and becomes the current one once it has logged in. A shepherd that finds the operation begun repeats it with the
 * same password.
 * @throws {ControllerError}; {DatabaseError}; {SecretsError}
 */
export async function operationPassword(
  operation: HeldOperation,
  machineId: MachineId,
  { database, controllers, access, secrets }: CarryOutOptions,
  signal: AbortSignal,
): Promise<CarriedOut> {
  if (controllers === undefined || access === undefined || secrets === undefined) {
    throw new ControllerError("unsupported", "this shepherd reaches no controllers");
  }
  const copyId = credentialId(uuidOfText(`farrier own credential ${operation.operationId}`));
  const own = await operation.within((tx) =>
    credentialOwn(tx, machineId, {
      credentialId: copyId,
      createdBy: operation.askedBy,
      seal: (shared) => credentialCopySeal(secrets, shared, copyId),
    }),
  );
  const changing = { operation, machineId, database, access, secrets, own };
  const password = await controllers.use(machineId, (controller) => passwordChange(controller, changing, signal), {
    insist: true,
  });
  return {
    settle: async (tx) => {
      await credentialProven(tx, {
        credentialId: own.credentialId,
        sealedSecret: secrets.seal(credentialPlace(own.credentialId, "secret"), Buffer.from(password)),
        rotatedBy: operation.askedBy,
      });
      const actor = { kind: "operator", name: operation.askedBy } as const;
      const detail = { credential: own.name };
      await historyAppend(tx, [{ machineId, actor, event: "controller_password_changed", detail }]);
      return { credential: own.name, ownCredential: own.credentialId === copyId };
    },
  };
}

interface Changing {
  operation: HeldOperation;
  machineId: MachineId;
  database: CarryOutOptions["database"];
  access: ControllerAccess;
  secrets: Pick<KeyRing, "seal" | "open">;
  own: OwnCredential;
}

/** Resolves to the password that is set on the controller now, and has logged in. */
async function passwordChange(controller: Controller, changing: Changing, signal: AbortSignal): Promise<string> {
  const { operation, database, secrets, own } = changing;
  const before = await credentialOpen(database, secrets, own.credentialId);
  const place = operationPasswordPlace(operation.operationId);
  const sealed = await operationPasswordRead(database, operation.operationId);
  const asked = sealed === undefined ? undefined : Buffer.from(secrets.open(place, sealed)).toString("utf8");
  if (asked !== undefined && asked === before.secret) {
    // A new login proves that it is set: somebody may have changed it at the controller, and a session outlives that.
    switch (await logsIn(changing, asked, signal)) {
      case "yes":
        return asked;
      case "no":
        throw new ControllerError(
          "unauthorized",
          "the controller refuses this password, although it is the stored one: somebody has changed it there. " +
            "Set it on the controller, or store the controller's: `farrier credential rotate --help`",
        );
      case "unknown":
        signal.throwIfAborted();
        throw new ControllerError(
          "unreachable",
          "the controller does not say at a new login whether it has this password",
        );
    }
  }
  // A begun change was checked before.
  const limits = asked !== undefined && asked === before.nextSecret ? {} : await controller.passwordLimits(signal);
  const password = asked ?? passwordMake(limits);
  const problem = passwordProblem(password, limits);
  if (problem !== undefined) {
    throw new ControllerError("refused", `${problem}: nothing was changed`);
  }
  const next = await operation.within(async (tx) => {
    await operationPasswordBegin(tx, operation.operationId, secrets.seal(place, Buffer.from(password)));
    return credentialNextSeal(tx, secrets, own.credentialId, password);
  });
  try {
    await controller.passwordSet(password, signal);
    return password;
  } catch (error) {
    signal.throwIfAborted();
    const code = error instanceof ControllerError ? error.code : undefined;
    const certain = code !== undefined && unchanged.has(code);
    if (!certain && (await logsIn(changing, password, signal)) === "yes") {
      return password;
    }
    // What was accepted may come into effect later, so both passwords stay stored.
    if (certain || (code !== "not_done" && (await logsIn(changing, before.secret, signal)) === "yes")) {
      await operation.within((tx) => credentialNextDrop(tx, own.credentialId, next));
    }
    throw error;
  }
}

/** Whether a password logs in now, with a client of its own. */
async function logsIn(
  { database, machineId, access }: Changing,
  password: string,
  signal: AbortSignal,
): Promise<LoginFound> {
  const record = await controllerOf(database.kysely, machineId);
  if (record === undefined) {
    return "unknown";
  }
  const { found, controller } = await loginTry(() => access.openWith(record, password), signal);
  await controller?.[Symbol.asyncDispose]();
  return found;
}
