// Which command is allowed, in one place: the server decides, this says it before.
import { BootWindowState, InstallationState, type Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import type { RoleWord } from "../../src/contract/words/role.ts";
import type { CommandName } from "./command-names.ts";

/** What of a machine decides. */
export type DecidingMachine = Pick<
  Machine,
  "quarantine" | "installation" | "work" | "bootWindow" | "smbiosUuid" | "macs"
>;

/** Why a command can't be given for a machine as it is; undefined if it can. Pure. */
const refusals: Record<CommandName, (machine: DecidingMachine) => string | undefined> = {
  install: inQuarantine,
  cancel: ({ installation }) =>
    installation?.state === InstallationState.PENDING || installation?.retry?.nextAt !== undefined
      ? undefined
      : "no installation is pending",
  retry: (machine) =>
    inQuarantine(machine) ??
    ([InstallationState.FAILED, InstallationState.CANCELLED].some((state) => state === machine.installation?.state)
      ? undefined
      : "no installation has failed or was cancelled"),
  "start-agent": inQuarantine,
  "boot-window": (machine) =>
    inQuarantine(machine) ??
    (machine.smbiosUuid === "" && machine.macs.length === 0
      ? "nothing identifies its network boot: give it a MAC or an SMBIOS UUID first (farrier machine update)"
      : undefined),
  "close-boot-window": ({ bootWindow }) =>
    bootWindow?.state === BootWindowState.OPEN || bootWindow?.state === BootWindowState.GIVEN
      ? undefined
      : "no boot window is open",
  power: () => undefined,
  boot: () => undefined,
  identify: () => undefined,
  update: () => undefined,
  quarantine: ({ quarantine }) => (quarantine === undefined ? undefined : "the machine is in quarantine already"),
  release: ({ quarantine }) => (quarantine === undefined ? "the machine is not in quarantine" : undefined),
  delete: ({ installation, work }) => {
    if (installation?.state === InstallationState.PENDING) {
      return `generation ${installation.generation} is pending: cancel it first`;
    }
    const [held] = work;
    return held === undefined ? undefined : `${held.process} is running on it: wait until it has ended`;
  },
};

/**
 * Why a person with this role can't give this command for this machine; undefined if it is allowed. Without a machine,
 * the role alone decides; an unknown role refuses nothing, because the server decides. Pure.
 */
export function commandRefusal(
  command: CommandName,
  role: RoleWord | undefined,
  machine?: DecidingMachine,
): string | undefined {
  if (role === "viewer") {
    return "an operator can do this; you are a viewer";
  }
  return machine === undefined ? undefined : refusals[command](machine);
}

function inQuarantine({ quarantine }: DecidingMachine): string | undefined {
  return quarantine === undefined ? undefined : "the machine is in quarantine: release it first";
}
