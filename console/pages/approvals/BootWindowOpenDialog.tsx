import { useState, type ReactNode } from "react";
import { EnrollmentService } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { randomId } from "../../api/random-id.ts";
import { prepare } from "../../commands/prepared.ts";
import { useSending } from "../../commands/use-sending.ts";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { Field, Select, TextInput } from "../../ui/Field.tsx";
import { toast } from "../../ui/Toast.tsx";

const durations = [
  ["300", "5 minutes"],
  ["600", "10 minutes"],
  ["1800", "30 minutes"],
  ["7200", "2 hours"],
] as const;

/** Opens a boot window for a machine that is named here. */
export function BootWindowOpenDialog({ onClose }: { onClose: () => void }): ReactNode {
  const [requestId] = useState(() => randomId());
  const [machine, setMachine] = useState("");
  const [seconds, setSeconds] = useState("600");
  const { busy, problem, send } = useSending();
  const named = machine.trim();
  const command = prepare({
    machineId: named,
    title: named,
    method: EnrollmentService.method.bootWindowOpen,
    message: { requestId, machine: named, seconds: Number(seconds) },
    words: (message) => [
      ...["machine", "boot-window", message.machine, "--for", `${message.seconds}s`],
      ...["--request-id", message.requestId],
    ],
    done: () => `${named} may enrol: make it boot from the network now`,
  });
  const open = async (): Promise<void> => {
    const done = await send(command);
    if (done !== undefined) {
      toast("good", done);
      onClose();
    }
  };
  return (
    <Dialog
      title="Open a boot window"
      onClose={onClose}
      unsaved={named !== ""}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            busy={busy}
            refused={named === "" ? "type the machine's name" : undefined}
            onClick={() => void open()}
          >
            Open a boot window{named === "" ? "" : ` for ${named}`}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {problem === undefined ? null : <ErrorBox title="The window was not opened" message={problem} />}
        <p className="text-sm">
          The first network boot that identifies itself as this machine gets a token, and the machine is bound to the
          key that presents it. Switch the machine off first: a second key in the window puts it in quarantine.
        </p>
        <Field label="Machine" hint="Its name or UUID.">
          {(control) => (
            <TextInput
              {...control}
              value={machine}
              maxLength={63}
              onChange={({ target }) => setMachine(target.value)}
            />
          )}
        </Field>
        <Field label="For">
          {(control) => (
            <Select
              {...control}
              options={durations}
              value={seconds}
              onChange={({ target }) => setSeconds(target.value)}
            />
          )}
        </Field>
        {named === "" ? null : <CliCopy command={command.cli} />}
      </div>
    </Dialog>
  );
}
