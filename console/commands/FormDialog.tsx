import { useEffect, useState, type ReactElement } from "react";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { RpcError } from "../parts/RpcError.tsx";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { commandRefusal } from "./allowed.ts";
import type { CommandName } from "./command-names.ts";
import { machineNameOrId } from "./command.ts";
import { CopyAs } from "./CopyAs.tsx";
import { formCommands, formProblems } from "./form-commands.ts";
import { FormFields } from "./FormFields.tsx";
import { MachinesPreview } from "./MachinesPreview.tsx";
import { ManyResults } from "./ManyResults.tsx";
import { commandUnsavedSet } from "./open-command.ts";
import type { PreparedCommand } from "./prepared.ts";
import { TypedName } from "./TypedName.tsx";
import { useCommandRun } from "./use-command-run.ts";
import { useRole } from "./use-role.ts";

/** What a {@link FormDialog} takes. */
export interface FormDialogProps {
  name: Exclude<CommandName, "install">;
  machines: readonly Machine[];
  /** The filter matches more than these. */
  more: boolean;
  requestId: string;
  onClose: () => void;
}

/** The dialog of a command with a form, for one machine or many. */
export function FormDialog({ name, machines, more, requestId, onClose }: FormDialogProps): ReactElement {
  const command = formCommands[name];
  const role = useRole();
  const only = machines.length === 1 ? machines[0] : undefined;
  const [form, setForm] = useState(() => command.initial(only));
  const [typed, setTyped] = useState("");
  const run = useCommandRun(requestId, onClose);
  const checked = machines.map((machine) => ({ machine, reason: commandRefusal(name, role, machine) }));
  const going = checked.filter(({ reason }) => reason === undefined).map(({ machine }) => machine);
  const refused = checked.flatMap(({ machine, reason }) => (reason === undefined ? [] : [{ machine, reason }]));
  const which = only === undefined ? `${going.length.toLocaleString("en")} machines` : machineNameOrId(only);
  const expected = only === undefined ? String(going.length) : machineNameOrId(only);
  const problems = formProblems(command, form);
  const [problem] = Object.values(problems);
  const refusal =
    (only === undefined ? undefined : refused[0]?.reason) ??
    (going.length === 0
      ? "no machine is left"
      : (problem ?? (command.typed === true && typed !== expected ? `type ${expected} first` : undefined)));
  const prepared = (those = going): PreparedCommand[] =>
    those.map((machine) => command.prepare(machine, form, requestId));
  const title = command.button(form, which);
  const sent = run.activity !== undefined && only === undefined;
  const dirty = JSON.stringify(form) !== JSON.stringify(command.initial(only));
  const unsaved = dirty && !sent;
  useEffect(() => commandUnsavedSet(unsaved), [unsaved]);
  return (
    <Dialog
      title={
        only === undefined
          ? `${command.title}: ${machines.length.toLocaleString("en")} machines`
          : `${command.title}: ${which}`
      }
      onClose={onClose}
      unsaved={unsaved}
      actions={
        <>
          <CopyAs commands={() => prepared()} refused={problem} />
          <Button onClick={onClose}>{sent ? "Close" : "Back"}</Button>
          {sent ? null : (
            <Button
              kind={command.danger?.(form) === true ? "danger" : "primary"}
              icon={command.icon}
              busy={run.busy}
              refused={refusal}
              onClick={() => run.send(title, prepared())}
            >
              {title}
            </Button>
          )}
        </>
      }
    >
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (refusal === undefined && !sent) {
            run.send(title, prepared());
          }
        }}
      >
        <p className="text-sm text-dim">{command.explains}</p>
        {only === undefined ? <MachinesPreview machines={machines} refused={refused} more={more} /> : null}
        <fieldset disabled={sent} className="flex flex-col gap-3">
          <FormFields
            fields={command.fields.filter(({ alone }) => only !== undefined || alone !== true)}
            form={form}
            problems={problems}
            onChange={(field, value) => setForm({ ...form, [field]: value })}
          />
          {command.typed === true ? (
            <TypedName expected={expected} why="This can't be undone." value={typed} onChange={setTyped} />
          ) : null}
        </fieldset>
        {/* Enter in a field sends. */}
        <button type="submit" hidden aria-hidden="true" tabIndex={-1} />
        {sent && run.activity !== undefined ? (
          <ManyResults
            activity={run.activity}
            // What was refused may be allowed by now: the server decides.
            onRetry={(ids) => run.send(title, prepared(machines.filter(({ id }) => ids.includes(id))))}
          />
        ) : null}
        {run.error === undefined ? null : (
          <RpcError title={`${title}: not done`} error={run.error} onRetry={() => run.send(title, prepared())} />
        )}
      </form>
    </Dialog>
  );
}
