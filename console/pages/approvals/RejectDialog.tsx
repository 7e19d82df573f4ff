import { useState, type ReactNode } from "react";
import type { Enrollment } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { randomId } from "../../api/random-id.ts";
import { useSending } from "../../commands/use-sending.ts";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { toast } from "../../ui/Toast.tsx";
import { agentTitle, rejectionPrepared } from "./enrollment-commands.ts";

/** Takes an agent off the list. */
export function RejectDialog({ enrollment, onClose }: { enrollment: Enrollment; onClose: () => void }): ReactNode {
  const [requestId] = useState(() => randomId());
  const { busy, problem, send } = useSending();
  const command = rejectionPrepared(enrollment, requestId);
  const title = agentTitle(enrollment);
  const reject = async (): Promise<void> => {
    const done = await send(command);
    if (done !== undefined) {
      toast("good", `${title} ${done}`);
      onClose();
    }
  };
  return (
    <Dialog
      title={<>Reject {<ForeignText text={title} />}?</>}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="danger" busy={busy} onClick={() => void reject()}>
            Reject it
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3 text-sm">
        {problem === undefined ? null : <ErrorBox title="The agent was not rejected" message={problem} />}
        <p>
          It leaves the list, goes on asking, and gets the same answer as before. It can be approved later: “Rejected
          agents too” shows it.
        </p>
        <CliCopy command={command.cli} />
      </div>
    </Dialog>
  );
}
