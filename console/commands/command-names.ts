/** The commands about machines, in the order in which menus have them. */
export const commandNames = [
  "install",
  "cancel",
  "retry",
  "start-agent",
  "boot-window",
  "close-boot-window",
  "power",
  "boot",
  "identify",
  "update",
  "quarantine",
  "release",
  "delete",
] as const;

/** The name of a command. */
export type CommandName = (typeof commandNames)[number];
