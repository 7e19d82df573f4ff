import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import type { IconName } from "../ui/Icon.tsx";
import type { PreparedCommand } from "./prepared.ts";

/** What is typed into a command's form, by the field's name; a tick is "yes" or "". */
export type CommandForm = Readonly<Record<string, string>>;

/** A field of a command's form. */
export interface CommandField {
  name: string;
  label: string;
  kind: "text" | "lines" | "choice" | "tick";
  hint?: string;
  /** For a choice: [value, words]. */
  options?: readonly (readonly [string, string])[];
  required?: boolean;
  /** What is wrong with a value that is not empty; undefined for nothing. */
  problem?: (value: string) => string | undefined;
  /** Shown for a form that needs it; left out means always. */
  shown?: (form: CommandForm) => boolean;
  /** Only where the command is for one machine. */
  alone?: boolean;
}

/** A command that has a form: all that its dialog is made from. */
export interface FormCommand {
  title: string;
  icon: IconName;
  /** What it does and what it does not, in a sentence or two. */
  explains: string;
  fields: readonly CommandField[];
  /** What the form begins with. @param machine the only one; undefined where there are several */
  initial: (machine: Machine | undefined) => CommandForm;
  /** The button's words: what happens. @param which "web1" or "12 machines" */
  button: (form: CommandForm, which: string) => string;
  /** Something is lost that can't be brought back: the button is red. */
  danger?: (form: CommandForm) => boolean;
  /** The machine's name, or the number of machines, has to be typed before. */
  typed?: boolean;
  /** Why the form as a whole can't be sent. */
  problem?: (form: CommandForm) => string | undefined;
  prepare: (machine: Machine, form: CommandForm, requestId: string) => PreparedCommand;
}

/** A machine's name, or its id where it has none. Pure. */
export function machineNameOrId({ name, id }: Pick<Machine, "name" | "id">): string {
  return name === "" ? id : name;
}

/** A choice's options, a word each. Pure. */
export function wordOptions(words: readonly string[]): (readonly [string, string])[] {
  return words.map((word) => [word, word]);
}

/** A reason or comment that fits into the history. Pure. */
export function reasonProblem(value: string): string | undefined {
  return value.length > 1024 ? `${value.length} characters: expected at most 1024` : undefined;
}
