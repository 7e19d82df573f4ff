import { useState, type ReactNode } from "react";
import type { Enrollment } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { randomId } from "../../api/random-id.ts";
import { useSending } from "../../commands/use-sending.ts";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Checkbox, Field, TextInput } from "../../ui/Field.tsx";
import { toast } from "../../ui/Toast.tsx";
import { agentTitle, approvalPrepared } from "./enrollment-commands.ts";
import { nameProblem } from "./name-pattern.ts";

/** Lets one agent in, as a new machine or as a known one. */
export function ApproveDialog({ enrollment, onClose }: { enrollment: Enrollment; onClose: () => void }): ReactNode {
  const [requestId] = useState(() => randomId());
  const proposed = enrollment.machineName || enrollment.machineId;
  const [as, setAs] = useState<"new" | "known">(proposed === "" ? "new" : "known");
  const [machine, setMachine] = useState(proposed);
  const [name, setName] = useState("");
  const [replace, setReplace] = useState(false);
  const { busy, problem, send } = useSending();
  const approval =
    as === "new" ? { machine: "", name: name.trim(), replace: false } : { machine: machine.trim(), name: "", replace };
  const command = approvalPrepared(enrollment, approval, requestId);
  const nameWrong = as === "new" && approval.name !== "" ? nameProblem(approval.name) : undefined;
  const refused = as === "known" && approval.machine === "" ? "type the machine's name" : nameWrong;
  const title = agentTitle(enrollment);
  const approve = async (): Promise<void> => {
    const done = await send(command);
    if (done !== undefined) {
      toast("good", `${title} ${done}`);
      onClose();
    }
  };
  return (
    <Dialog
      title={<>Approve {<ForeignText text={title} />}</>}
      onClose={onClose}
      unsaved={name !== "" || machine !== proposed}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind={approval.replace ? "danger" : "primary"}
            busy={busy}
            refused={refused}
            onClick={() => void approve()}
          >
            {as === "new"
              ? `Let it in as a new machine${approval.name === "" ? "" : `, ${approval.name}`}`
              : `Let it in as ${approval.machine}${approval.replace ? ", and shut the present agent out" : ""}`}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {problem === undefined ? null : <ErrorBox title="The agent was not let in" message={problem} />}
        <p className="text-sm">
          It asks from <ForeignText text={enrollment.address} mono className="text-xs" />. Once let in, it gets its
          machine's requests, with the user data in them.
        </p>
        <fieldset className="flex flex-col gap-1 text-sm">
          <legend className="font-medium">As</legend>
          {(["known", "new"] as const).map((one) => (
            <label key={one} className="flex min-h-7 items-center gap-2">
              <input
                type="radio"
                name="as"
                className="accent-accent size-4"
                checked={as === one}
                onChange={() => setAs(one)}
              />
              {one === "known" ? "a machine that is known" : "a new machine"}
            </label>
          ))}
        </fieldset>
        {as === "new" ? (
          <Field label="Name" hint="May be left empty, and given later." error={nameWrong}>
            {(control) => (
              <TextInput {...control} value={name} maxLength={100} onChange={({ target }) => setName(target.value)} />
            )}
          </Field>
        ) : (
          <>
            <Field
              label="Machine"
              hint="Its name or UUID."
              {...(proposed !== "" && approval.machine !== proposed
                ? { warning: `What the agent reports belongs to ${proposed}.` }
                : {})}
            >
              {(control) => (
                <TextInput
                  {...control}
                  value={machine}
                  maxLength={63}
                  onChange={({ target }) => setMachine(target.value)}
                />
              )}
            </Field>
            <Checkbox checked={replace} onChange={({ target }) => setReplace(target.checked)}>
              Replace its present agent, whose key then stops working at once
            </Checkbox>
          </>
        )}
        {refused === undefined ? <CliCopy command={command.cli} /> : null}
      </div>
    </Dialog>
  );
}
