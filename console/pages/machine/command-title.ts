import type { CommandName } from "../../commands/command-names.ts";
import { formCommands } from "../../commands/form-commands.ts";

/** What a command is called in menus. Pure. */
export function commandTitle(command: CommandName): string {
  return command === "install" ? "Install" : formCommands[command].title;
}
