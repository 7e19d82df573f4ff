import { useState, type ReactNode } from "react";
import { AccessService, type Token } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { randomId } from "../../api/random-id.ts";
import { prepare } from "../../commands/prepared.ts";
import { useSending } from "../../commands/use-sending.ts";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { ErrorBox } from "../../ui/ErrorBox.tsx";
import { toast } from "../../ui/Toast.tsx";

/** Revokes a token. */
export function TokenRevokeDialog({ token, onClose }: { token: Token; onClose: () => void }): ReactNode {
  const [requestId] = useState(() => randomId());
  const { busy, problem, send } = useSending();
  const command = prepare({
    machineId: "",
    title: token.name,
    method: AccessService.method.tokenRevoke,
    message: { requestId, token: token.id },
    words: (message) => ["token", "revoke", message.token, "--request-id", message.requestId],
    done: () => `The token of ${token.name} is revoked`,
  });
  const revoke = async (): Promise<void> => {
    const done = await send(command);
    if (done !== undefined) {
      toast("good", done);
      onClose();
    }
  };
  return (
    <Dialog
      title={`Revoke the token of ${token.name}?`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button kind="danger" busy={busy} onClick={() => void revoke()}>
            Revoke the token of {token.name}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3 text-sm">
        {problem === undefined ? null : <ErrorBox title="The token was not revoked" message={problem} />}
        <p>
          All servers refuse it within two seconds, for ever. Watches that are open with it end, and so do the sessions
          of all browsers that signed in by it.
        </p>
        <CliCopy command={command.cli} />
      </div>
    </Dialog>
  );
}
