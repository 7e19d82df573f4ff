import type { CommandName } from "./command-names.ts";
import type { FormCommand } from "./command.ts";
import { bootWindowForm, bootWindowCloseForm } from "./machine-boot-window.ts";
import { bootForm } from "./machine-boot.ts";
import { cancelForm } from "./machine-cancel.ts";
import { deleteForm } from "./machine-delete.ts";
import { identifyForm } from "./machine-identify.ts";
import { powerForm } from "./machine-power.ts";
import { quarantineForm } from "./machine-quarantine.ts";
import { releaseForm } from "./machine-release.ts";
import { retryForm } from "./machine-retry.ts";
import { startAgentForm } from "./machine-start-agent.ts";
import { updateForm } from "./machine-update.ts";

/** Every command but the installation, whose dialog is its own. */
export const formCommands: Record<Exclude<CommandName, "install">, FormCommand> = {
  cancel: cancelForm,
  retry: retryForm,
  "start-agent": startAgentForm,
  "boot-window": bootWindowForm,
  "close-boot-window": bootWindowCloseForm,
  power: powerForm,
  boot: bootForm,
  identify: identifyForm,
  update: updateForm,
  quarantine: quarantineForm,
  release: releaseForm,
  delete: deleteForm,
};

/** What is wrong with a form, by the field's name; "" for the form as a whole. Empty if it can be sent. Pure. */
export function formProblems(command: FormCommand, form: Readonly<Record<string, string>>): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const { name, required, problem, shown, label } of command.fields) {
    const value = form[name] ?? "";
    const wrong =
      shown?.(form) === false ? undefined : value.trim() === "" ? missing(required, label) : problem?.(value);
    if (wrong !== undefined) {
      problems[name] = wrong;
    }
  }
  const whole = command.problem?.(form);
  return whole === undefined ? problems : { ...problems, "": whole };
}

function missing(required: boolean | undefined, label: string): string | undefined {
  return required === true ? `${label} is missing` : undefined;
}
