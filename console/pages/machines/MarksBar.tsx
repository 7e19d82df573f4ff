import type { ReactNode } from "react";
import type { Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { commandNames } from "../../commands/command-names.ts";
import { commandRefusal } from "../../commands/allowed.ts";
import { formCommands } from "../../commands/form-commands.ts";
import { commandOpen, type Selection } from "../../commands/open-command.ts";
import { useRole } from "../../commands/use-role.ts";
import { Button } from "../../ui/Button.tsx";
import { Menu } from "../../ui/Menu.tsx";
import { filterChips, type ListView } from "./list-address.ts";
import { listRequest } from "./list-query.ts";

/** What a {@link MarksBar} takes. */
export interface MarksBarProps {
  view: ListView;
  /** Those that are marked. */
  machines: readonly Machine[];
  /** How many match in words: "1,234 machines"; undefined while unknown. */
  all: string | undefined;
  /** Marked rows that are in the list no longer. */
  gone: number;
  onClear: () => void;
}

/** What can be done with the marked machines, or with all that match. */
export function MarksBar({ view, machines, all, gone, onClear }: MarksBarProps): ReactNode {
  const role = useRole();
  const entries = (selection: Selection) =>
    commandNames
      .filter((command) => !["power", "boot", "identify", "close-boot-window"].includes(command))
      .map((command) => ({
        label: command === "install" ? "Install" : formCommands[command].title,
        icon: command === "install" ? ("install" as const) : formCommands[command].icon,
        danger: command === "delete",
        apart: command === "delete",
        refused: commandRefusal(command, role),
        onChoose: () => commandOpen(command, selection),
      }));
  const words = filterChips(view.filter)
    .map((chip) => chip.words)
    .join(", ");
  const { pageSize: _pageSize, pageToken: _pageToken, ...filter } = listRequest(view);
  return (
    <div className="flex flex-wrap items-center gap-2">
      {machines.length === 0 ? (
        <Menu
          trigger={<Button icon="down">All that match</Button>}
          entries={entries({ kind: "filter", filter, words: words === "" ? "all machines" : words })}
        />
      ) : (
        <>
          <span className="text-sm">
            {machines.length} marked{gone === 0 ? "" : `, ${gone} of them no longer in this list`}
          </span>
          <Menu
            trigger={
              <Button kind="primary" icon="down">
                Do
              </Button>
            }
            entries={entries({ kind: "machines", machines })}
          />
          <Button kind="quiet" onClick={onClear}>
            Unmark
          </Button>
        </>
      )}
      {all === undefined ? null : <span className="unseen">of {all}</span>}
    </div>
  );
}
