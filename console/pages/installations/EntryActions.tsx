import type { ReactElement } from "react";
import type { InstallationEntry } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { commandRefusal } from "../../commands/allowed.ts";
import { CommandButton } from "../../commands/CommandButton.tsx";
import { useRole } from "../../commands/use-role.ts";
import { entryMachine } from "./entry-machine.ts";

/** Cancel where something is pending, retry where it failed; for others nothing. */
export function EntryActions({ entry }: { entry: InstallationEntry }): ReactElement | null {
  const role = useRole();
  const machine = entryMachine(entry);
  const command = (["cancel", "retry"] as const).find(
    (one) => commandRefusal(one, role === "viewer" ? "operator" : role, machine) === undefined,
  );
  return command === undefined ? null : (
    <CommandButton command={command} machine={machine}>
      {command === "cancel" ? "Cancel" : "Retry"}
    </CommandButton>
  );
}
