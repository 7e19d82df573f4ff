import type { ReactElement, ReactNode } from "react";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { Button } from "../ui/Button.tsx";
import type { IconName } from "../ui/Icon.tsx";
import { commandRefusal } from "./allowed.ts";
import type { CommandName } from "./command-names.ts";
import { commandOpen } from "./open-command.ts";
import { useRole } from "./use-role.ts";

/** How a command is named in menus and on buttons. */
const commandLooks: Record<CommandName, { label: string; icon: IconName; danger?: boolean; apart?: boolean }> = {
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
