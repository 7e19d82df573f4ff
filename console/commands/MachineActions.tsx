import type { ReactElement, ReactNode } from "react";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { Button } from "../ui/Button.tsx";
import type { IconName } from "../ui/Icon.tsx";
import { Menu, type MenuEntry } from "../ui/Menu.tsx";
import { commandRefusal } from "./allowed.ts";
import { commandNames, type CommandName } from "./command-names.ts";
import { commandOpen, type Selection } from "./open-command.ts";
import { useRole } from "./use-role.ts";

/** How a command is named in menus and on buttons. */
export const commandLooks: Record<CommandName, { label: string; icon: IconName; danger?: boolean; apart?: boolean }> = {
  install: { label: "Install", icon: "install" },
  cancel: { label: "Cancel the installation", icon: "close" },
  retry: { label: "Retry the installation", icon: "recover" },
  "start-agent": { label: "Start an agent", icon: "power", apart: true },
  "boot-window": { label: "Open a boot window", icon: "network" },
  "close-boot-window": { label: "Close the boot window", icon: "network" },
  power: { label: "Power", icon: "power" },
  boot: { label: "Boot source", icon: "machine" },
  identify: { label: "Identification light", icon: "info" },
  update: { label: "Name and labels", icon: "tag", apart: true },
  quarantine: { label: "Quarantine", icon: "lock" },
  release: { label: "Release from quarantine", icon: "check" },
  delete: { label: "Delete", icon: "trash", danger: true, apart: true },
};

/** A command's button for one machine; it says why where the command is not allowed. */
export function CommandButton({
  command,
  machine,
  children,
}: {
  command: CommandName;
  machine: Machine;
  children?: ReactNode;
}): ReactElement {
  const role = useRole();
  const { label, icon } = commandLooks[command];
  return (
    <Button
      icon={icon}
      kind={command === "install" ? "primary" : "plain"}
      refused={commandRefusal(command, role, machine)}
      onClick={() => commandOpen(command, { kind: "machines", machines: [machine] })}
    >
      {children ?? label}
    </Button>
  );
}

/** All commands of one machine: the likely ones as buttons, the others in a menu. @param short only the menu, for rows */
export function MachineActions({ machine, short = false }: { machine: Machine; short?: boolean }): ReactElement {
  const role = useRole();
  const shown: CommandName[] = short
    ? []
    : [commandRefusal("cancel", role, machine) === undefined ? "cancel" : "install"];
  if (!short && commandRefusal("retry", role, machine) === undefined) {
    shown.push("retry");
  }
  return (
    <div className="flex flex-wrap items-center gap-2">
      {shown.map((command) => (
        <CommandButton key={command} command={command} machine={machine} />
      ))}
      <Menu
        trigger={
          <Button
            kind={short ? "quiet" : "plain"}
            icon="more"
            aria-label={`Commands for ${machine.name || machine.id}`}
          />
        }
        entries={entriesOf({ kind: "machines", machines: [machine] }, (command) =>
          commandRefusal(command, role, machine),
        ).filter(({ command }) => !shown.includes(command))}
      />
    </div>
  );
}

/** Commands for marked machines, or for all that match: a row of buttons and a menu. */
export function ManyActions({ selection }: { selection: Selection }): ReactElement {
  const role = useRole();
  const often: readonly CommandName[] = ["install", "cancel", "retry", "quarantine", "release"];
  const refused = commandRefusal("install", role);
  return (
    <div className="flex flex-wrap items-center gap-2">
      {often.map((command) => (
        <Button
          key={command}
          icon={commandLooks[command].icon}
          refused={refused}
          onClick={() => commandOpen(command, selection)}
        >
          {commandLooks[command].label}
        </Button>
      ))}
      <Menu
        trigger={<Button icon="more" aria-label="Further commands for these machines" />}
        entries={entriesOf(selection, () => refused).filter(({ command }) => !often.includes(command))}
      />
    </div>
  );
}

function entriesOf(
  selection: Selection,
  refused: (command: CommandName) => string | undefined,
): (MenuEntry & { command: CommandName })[] {
  return commandNames.map((command) => ({
    command,
    ...commandLooks[command],
    refused: refused(command),
    onChoose: () => commandOpen(command, selection),
  }));
}
