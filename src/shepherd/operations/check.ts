import { controllerRemedyTexts } from "../../contract/controller-remedies.ts";
import {
  type Controller,
  ControllerError,
  type ControllerErrorCode,
  type ControllerFacts,
} from "../../controllers/controller.ts";
import type { Database } from "../../database/connect.ts";
import type { MachineId } from "../../database/ids.ts";
import { controllerShow } from "../../database/queries/controller/controller-list.ts";
import { controllerAnswered } from "../../database/queries/controller/controller.ts";
import type { OperationResult } from "../../database/queries/controller/operation.ts";
import { powerNote } from "../../database/queries/controller/power.ts";
import type { CheckLine } from "./check-line.ts";
import { checkMedia } from "./check-media.ts";
import type { CarryOutOptions } from "./options.ts";

/**
 * Reads a machine's controller again, records its facts, and reports line by line what works.
 * @param asked.media also tries a test medium in the controller's drive
 */
export async function operationCheck(
  machineId: MachineId,
  asked: { media?: boolean },
  options: CarryOutOptions,
  signal: AbortSignal,
): Promise<OperationResult> {
  const { database, controllers } = options;
  let facts: ControllerFacts;
  if (controllers === undefined) {
    throw new ControllerError("unsupported", "this shepherd reaches no controllers");
  }
  try {
    facts = await controllers.use(machineId, (controller: Controller) => controller.read(signal), {
      insist: true,
    });
  } catch (error) {
    if (error instanceof ControllerError) {
      const remedy = await remedyOf(database, machineId, error.code);
      return { ok: false, lines: [{ ok: false, what: error.message, remedy }] };
    }
    throw error;
  }
  await controllerAnswered(database, machineId, facts);
  await powerNote(database.kysely, machineId, { power: facts.power, readFrom: "controller" });
  const lines = checkLines(facts);
  if (asked.media === true) {
    lines.push(
      facts.virtualMedia
        ? await checkMedia(machineId, options, signal)
        : {
            ok: false,
            what: "it takes no virtual media",
            remedy: "look whether the controller has a licence and a switch for them",
          },
    );
  }
  return { ok: lines.every(({ ok }) => ok), lines };
}

/** Compares a controller's facts with what Farrier needs. Pure. */
export function checkLines(facts: ControllerFacts): CheckLine[] {
  const can = (commands: readonly string[], wanted: readonly string[]) =>
    wanted.filter((one) => !commands.includes(one));
  const noPower = can(facts.powerCommands, ["on", "off"]);
  const maker = [facts.maker, facts.model, facts.firmware === undefined ? undefined : `firmware ${facts.firmware}`];
  return [
    {
      ok: true,
      what: `answers and takes the credential: ${maker.filter((word) => word !== undefined).join(", ") || "it does not name its maker"}`,
    },
    facts.mayControl
      ? { ok: true, what: "the account may switch power and choose the boot source" }
      : {
          ok: false,
          what: "the account may only look",
          remedy: "give it the role of an operator or administrator on the controller",
        },
    noPower.length === 0
      ? { ok: true, what: `power is ${facts.power}; it can do ${facts.powerCommands.join(", ")}` }
      : {
          ok: false,
          what: `it can't switch the machine ${noPower.join(" and ")}`,
          remedy: "look for an update of its firmware",
        },
    bootsAgents(facts)
      ? { ok: true, what: `the machine can be told to boot from ${facts.bootTargets.join(", ")}` }
      : {
          ok: false,
          what: "it can't tell the machine to boot from the network, a virtual medium or a URL",
          remedy: "put the network first in the machine's boot order",
        },
    facts.smbiosUuid !== undefined || facts.macs.length > 0
      ? { ok: true, what: "it says what the machine is known by: its SMBIOS UUID or MAC addresses" }
      : {
          ok: false,
          what: "it says neither the machine's SMBIOS UUID nor a MAC address",
          remedy: "add one with `farrier machine update --help`",
        },
  ];
}

/** Whether it can have the machine boot an agent, from the network, from a virtual medium or by HTTP boot. */
function bootsAgents({ bootTargets, virtualMedia, httpBoot }: ControllerFacts): boolean {
  return bootTargets.includes("network") || (virtualMedia && bootTargets.includes("media")) || httpBoot;
}

async function remedyOf(database: Database, machineId: MachineId, code: ControllerErrorCode): Promise<string> {
  const { url, credentialName: credential, machineName } = await controllerShow(database, machineId);
  return controllerRemedyTexts(code, { machine: machineName ?? machineId, url, credential }).join("; ");
}
