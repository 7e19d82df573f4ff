import { useMemo } from "react";
import { useNavigate } from "react-router";
import type { Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { commandNames } from "../../commands/command-names.ts";
import { commandRefusal } from "../../commands/allowed.ts";
import { machineNameOrId } from "../../commands/command.ts";
import { commandOpen } from "../../commands/open-command.ts";
import { useRole } from "../../commands/use-role.ts";
import { usePaletteCommands, type PaletteCommand } from "../../layout/palette-commands.ts";
import { useShortcuts, type Shortcut } from "../../layout/shortcuts.ts";
import { paths } from "../../paths.ts";
import { explainToggle } from "./explain-open.ts";
import { commandTitle } from "./command-title.ts";

/** The keys of a machine's page, and what it offers to the palette. */
export function useMachineKeys(machine: Machine, named: string): void {
  const navigate = useNavigate();
  const role = useRole();
  const shortcuts = useMemo(
    (): Shortcut[] => [
      { keys: "e", words: "show or hide why it does not move", run: () => explainToggle(machine.standing?.state) },
      { keys: "i", words: "install", run: () => open("install", machine, role) },
      { keys: "l", words: "its log", run: () => void navigate(paths.machine(named, "log"), { replace: true }) },
    ],
    [machine, named, navigate, role],
  );
  const commands = useMemo(
    (): PaletteCommand[] =>
      commandNames.map((command) => ({
        title: `${commandTitle(command)}: ${machineNameOrId(machine)}`,
        refused: commandRefusal(command, role, machine),
        run: () => open(command, machine, role),
      })),
    [machine, role],
  );
  useShortcuts(shortcuts);
  usePaletteCommands(commands);
}

function open(
  command: (typeof commandNames)[number],
  machine: Machine,
  role: Parameters<typeof commandRefusal>[1],
): void {
  if (commandRefusal(command, role, machine) === undefined) {
    commandOpen(command, { kind: "machines", machines: [machine] });
  }
}
