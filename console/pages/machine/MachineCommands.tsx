import type { ReactNode } from "react";
import { MachineService, type Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { commandRefusal } from "../../commands/allowed.ts";
import { commandNames, type CommandName } from "../../commands/command-names.ts";
import { machineNameOrId } from "../../commands/command.ts";
import { CopyAs } from "../../commands/CopyAs.tsx";
import { formCommands } from "../../commands/form-commands.ts";
import { commandOpen } from "../../commands/open-command.ts";
import { prepare, type PreparedCommand } from "../../commands/prepared.ts";
import { useRole } from "../../commands/use-role.ts";
import { Button } from "../../ui/Button.tsx";
import { Menu } from "../../ui/Menu.tsx";
import { commandTitle } from "./command-title.ts";

/** The call that shows the machine, for the command line and curl. */
function showPrepare(machine: Machine): PreparedCommand {
  return prepare({
    machineId: machine.id,
    title: machineNameOrId(machine),
    method: MachineService.method.machineShow,
    message: { machine: machineNameOrId(machine) },
    words: (message) => ["machine", "show", message.machine],
    done: () => "",
  });
}

/** The command that is likely next stands alone, the others in a menu. */
export function MachineCommands({ machine }: { machine: Machine }): ReactNode {
  const role = useRole();
  const refused = (command: CommandName): string | undefined => commandRefusal(command, role, machine);
  const open = (command: CommandName): void => commandOpen(command, { kind: "machines", machines: [machine] });
  const first = (["release", "cancel", "retry", "install"] as const).find(
    (command) => commandRefusal(command, undefined, machine) === undefined,
  );
  return (
    <div className="flex flex-wrap items-center gap-2">
      {first === undefined ? null : (
        <Button kind="primary" refused={refused(first)} onClick={() => open(first)}>
          {commandTitle(first)}
        </Button>
      )}
      <Menu
        trigger={<Button icon="more">More</Button>}
        entries={commandNames.map((command) => ({
          label: commandTitle(command),
          icon: command === "install" ? ("install" as const) : formCommands[command].icon,
          refused: refused(command),
          danger: command === "delete",
          apart: command === "delete",
          onChoose: () => open(command),
        }))}
      />
      <CopyAs byKey commands={() => [showPrepare(machine)]} />
    </div>
  );
}
