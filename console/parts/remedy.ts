/** The commands that a remedy can be a button of, by the words of the command line. */
export const remedyCommands = {
  "machine install": "install",
  "machine cancel": "cancel",
  "machine retry": "retry",
  "machine quarantine": "quarantine",
  "machine release": "release",
  "machine delete": "delete",
  "machine start-agent": "start-agent",
  "machine boot-window": "boot-window",
  "machine update": "update",
} as const;

/** A command that stands behind a remedy's button. */
export type RemedyAction = (typeof remedyCommands)[keyof typeof remedyCommands];

/** A remedy, taken apart. */
export interface RemedyPart {
  kind: "text" | "command";
  text: string;
  /** Set for a command of this machine that the console has too. */
  action?: RemedyAction;
}

/**
 * Takes a remedy apart: words, and the commands between backticks. A command becomes an action if it is about this
 * machine, named as the server names it, and does not merely ask for help. Pure.
 */
export function remedyParts(remedy: string, machine: { id: string; name: string }): RemedyPart[] {
  return remedy
    .split("`")
    .map((text, index): RemedyPart => {
      if (index % 2 === 0) {
        // Each part may stand on a line of its own.
        return { kind: "text", text: text.replace(/^; /u, "") };
      }
      const match = /^farrier (?<command>\w+ [\w-]+) (?<machine>\S+)/u.exec(text)?.groups;
      const known = match === undefined ? undefined : remedyAction(match["command"] ?? "");
      const same = match !== undefined && [machine.id, machine.name].includes(match["machine"] ?? "");
      return known === undefined || !same ? { kind: "command", text } : { kind: "command", text, action: known };
    })
    .filter(({ text }) => text !== "");
}

/** The rollout that a command is about, which has a page; undefined for another command. Pure. */
export function remedyRollout(command: string): string | undefined {
  return /^farrier rollout [a-z][\w-]* (?<rollout>[a-z0-9][\w.-]*)(?: |$)/u.exec(command)?.groups?.["rollout"];
}

function remedyAction(command: string): RemedyAction | undefined {
  return Object.hasOwn(remedyCommands, command) ? remedyCommands[command as keyof typeof remedyCommands] : undefined;
}
