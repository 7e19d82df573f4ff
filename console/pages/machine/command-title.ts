import type { CommandName } from "../../commands/command-names.ts";

const titles: Record<CommandName, string> = {
  install: "Install",
  cancel: "Cancel the installation",
  retry: "Retry the installation",
  "start-agent": "Start an agent",
  "boot-window": "Open a boot window",
  "close-boot-window": "Close the boot window",
  power: "Power",
  boot: "Boot source",
  identify: "Identification light",
  update: "Name and labels",
  quarantine: "Quarantine",
  release: "Release from quarantine",
  delete: "Delete the machine",
};

/** What a command is called in menus; without the forms, which are loaded when one is opened. Pure. */
export function commandTitle(command: CommandName): string {
  return titles[command];
}
