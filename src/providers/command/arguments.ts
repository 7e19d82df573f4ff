import { printable } from "../../lib/format/printable.ts";
import { type BootSource, type ProvidedMachine, ProviderError } from "../../shepherd/provider.ts";

/** What a program's argument may be in place of a fixed text: a whole argument each. */
export const placeholders = [
  "{id}",
  "{name}",
  "{serial}",
  "{uuid}",
  "{mac}",
  "{address}",
  "{location}",
  "{boot}",
] as const;
type Placeholder = (typeof placeholders)[number];

/** The placeholders that a machine without an inventory entry has. */
export const placeholdersAlways: readonly string[] = ["{id}", "{boot}"];

/** What is wrong with an argument of the settings; undefined if nothing is. Pure. */
export function argumentProblem(argument: string): string | undefined {
  if ((placeholders as readonly string[]).includes(argument)) {
    return undefined;
  }
  if (argument.includes("\0")) {
    return "holds NUL, which no argument can";
  }
  const part = placeholders.find((placeholder) => argument.includes(placeholder));
  if (part !== undefined) {
    return `holds ${part} as a part: expected it as an argument of its own`;
  }
  const other = /^\{[^}]*\}$/u.exec(argument);
  return other === null ? undefined : `is no placeholder: expected one of ${placeholders.join(", ")}`;
}

/**
 * A program's arguments for one machine. A value can't become an option, because a value that begins with "-" is refused. Pure.
 * @throws {ProviderError} `refused` if the machine has not what a placeholder stands for, or it begins with "-"
 */
export function argumentsFor(
  [program, ...args]: readonly [string, ...string[]],
  machine: ProvidedMachine,
  boot: BootSource | undefined,
): [string, ...string[]] {
  const values: Readonly<Record<Placeholder, string | undefined>> = {
    "{id}": machine.providerId,
    "{name}": machine.name,
    "{serial}": machine.serial,
    "{uuid}": machine.smbiosUuid,
    "{mac}": machine.macs[0],
    "{address}": machine.address,
    "{location}": machine.location,
    "{boot}": boot ?? "any",
  };
  const isPlaceholder = (argument: string): argument is Placeholder => Object.hasOwn(values, argument);
  return [
    program,
    ...args.map((argument) => {
      if (!isPlaceholder(argument)) {
        return argument;
      }
      const value = values[argument];
      if (value === undefined || value === "") {
        throw new ProviderError(
          "refused",
          `the program wants ${argument}, which machine ${machine.providerId} does not have`,
        );
      }
      if (value.startsWith("-") || value.includes("\0")) {
        throw new ProviderError(
          "refused",
          `${argument} is "${printable(value)}": a program would take it for an option. Expected a value that does not begin with "-"`,
        );
      }
      return value;
    }),
  ];
}
