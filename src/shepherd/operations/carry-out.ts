import type { ControllerPower } from "../../controllers/controller.ts";
import type { Database } from "../../database/connect.ts";
import type { MachineId } from "../../database/ids.ts";
import type { OperationAsked } from "../../database/queries/controller/operation.ts";
import { historyAppend } from "../../database/history.ts";
import type { HeldOperation } from "../../database/queries/controller/operation-claim.ts";
import { powerStopCheck } from "../../database/queries/controller/power-stop.ts";
import { powerNote } from "../../database/queries/controller/power.ts";
import { ProviderError } from "../provider.ts";
import type { MachineSwitch } from "../switch/machine-switch.ts";
import { switchOf } from "../switch/switch-of.ts";
import { operationAdd } from "./add.ts";
import { operationCheck } from "./check.ts";
import { operationPassword } from "./password.ts";
import { providerCheck } from "./provider-check.ts";
import type { CarriedOut, CarryOutOptions } from "./options.ts";

/**
 * Carries out an operation; resolves when the controller shows it as done.
 * @throws {ControllerError}, {ProviderError}, {DatabaseError}
 */
export async function carryOut(
  operation: HeldOperation,
  options: CarryOutOptions,
  signal: AbortSignal,
): Promise<CarriedOut> {
  const { asked, machineId } = operation;
  if (asked.kind === "add") {
    return operationAdd(operation, asked, options, signal);
  }
  if (asked.kind === "provider-check") {
    return { result: await providerCheck(options.providers.get(asked.provider), signal) };
  }
  if (machineId === undefined) {
    throw new Error(`an operation "${asked.kind}" without a machine`);
  }
  switch (asked.kind) {
    case "password":
      return operationPassword(operation, machineId, options, signal);
    case "check":
      return { result: await operationCheck(machineId, asked, options, signal) };
    case "power": {
      const by = required(await switchOf(options, machineId));
      return power(operation, asked, { by, database: options.database, machineId }, signal);
    }
    case "boot": {
      const by = required(await switchOf(options, machineId));
      if (by.bootSet === undefined) {
        throw new ProviderError(
          "refused",
          `provider ${by.by} chooses where a machine boots from at a start alone: it needs a controller for that`,
        );
      }
      await operation.sending();
      await by.bootSet(asked.target, { once: asked.once, signal });
      return { result: {} };
    }
    case "identify": {
      const by = required(await switchOf(options, machineId));
      if (by.identify === undefined) {
        throw new ProviderError(
          "refused",
          `provider ${by.by} has no identification light: it needs a controller for that`,
        );
      }
      await by.identify(asked.on, signal);
      return { result: {} };
    }
  }
}

function required(by: MachineSwitch | undefined): MachineSwitch {
  if (by === undefined) {
    throw new ProviderError(
      "refused",
      "nothing that this shepherd reaches switches this machine: it has no controller, and its provider has no power switch",
    );
  }
  return by;
}

async function power(
  operation: HeldOperation,
  { command, confirmed = false }: Extract<OperationAsked, { kind: "power" }>,
  { by, database, machineId }: { by: MachineSwitch; database: Database; machineId: MachineId },
  signal: AbortSignal,
): Promise<CarriedOut> {
  const noted = (read: ControllerPower): Promise<void> =>
    powerNote(database.kysely, machineId, { power: read, readFrom: by.by });
  if (command === "status") {
    const read = await by.get(signal);
    await noted(read);
    return { result: { power: read, by: by.by } };
  }
  // Sent twice, the command could take effect twice, or undo a later change. Since it was asked for, the machine may have
  // become a machine that needs a confirmation.
  await operation.sending((tx) => powerStopCheck(tx, machineId, { command, confirmed }));
  await by.set(command, signal);
  // The command is done, even if the power can't be read now.
  const state = await by.get(signal).catch(() => "unknown" as const);
  await noted(state).catch(() => undefined);
  return {
    settle: async (tx) => {
      const actor = { kind: "operator", name: operation.askedBy } as const;
      const detail = { command, power: state, by: by.by };
      await historyAppend(tx, [{ machineId, actor, event: "power_switched", detail }]);
      return { power: state, by: by.by };
    },
  };
}
