import { callUnaryMethod, useQuery } from "@connectrpc/connect-query";
import { useState, type ReactElement } from "react";
import { ProviderService } from "../../../gen/farrier/operator/v1/provider_pb.ts";
import { callFailure } from "../../api/failure.ts";
import { queryClient } from "../../api/query-client.ts";
import { transport } from "../../api/transport.ts";
import { randomId } from "../../api/random-id.ts";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { toast } from "../../ui/Toast.tsx";
import { MachineLink } from "../../parts/MachineLink.tsx";

/** The machines of which a provider's list says something doubtful, and accepting it. */
export function ProviderDoubts({ provider, refused }: { provider: string; refused: string | undefined }): ReactElement {
  const [requestId, setRequestId] = useState<string>();
  const { data } = useQuery(ProviderService.method.providerShow, { provider });
  const doubted = data?.doubted ?? [];
  return (
    <div className="mt-1 flex flex-col items-start gap-1 pl-4">
      <ul>
        {doubted.slice(0, 10).map(({ machineId, machineName, providerId, doubt }) => (
          <li key={machineId}>
            <MachineLink id={machineId} name={machineName} />{" "}
            <span className="text-dim">
              <ForeignText
                text={`${providerId}: ${doubt === "gone" ? "gone from the list" : "another machine in the list"}`}
              />
            </span>
          </li>
        ))}
      </ul>
      {data === undefined || data.doubtedCount <= 10 ? null : (
        <p className="text-dim">and {data.doubtedCount - 10} more</p>
      )}
      <Button refused={refused} onClick={() => setRequestId(randomId())}>
        Accept what the list says
      </Button>
      {requestId === undefined ? null : (
        <AcceptDialog
          provider={provider}
          count={data?.doubtedCount ?? 0}
          requestId={requestId}
          onClose={() => setRequestId(undefined)}
        />
      )}
    </div>
  );
}

function AcceptDialog({
  provider,
  count,
  requestId,
  onClose,
}: {
  provider: string;
  count: number;
  requestId: string;
  onClose: () => void;
}): ReactElement {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const accept = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const { gone, changed } = await callUnaryMethod(transport, ProviderService.method.providerAccept, {
        requestId,
        provider,
      });
      toast("good", `${provider}: accepted`, `${gone} are gone, ${changed} are other machines`);
      await queryClient.invalidateQueries({ refetchType: "active" });
      onClose();
    } catch (reason) {
      setError(callFailure(reason).message);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={`Accept what ${provider} says of ${count} ${count === 1 ? "machine" : "machines"}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button kind="danger" busy={busy} onClick={() => void accept()}>
            Accept for {count} {count === 1 ? "machine" : "machines"}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <p>
          Machines that are gone from the list are marked as vanished, and those that are others are changed. It holds
          for the machines that are doubted now, and the provider&apos;s work goes on.
        </p>
        <CliCopy command={`farrier provider accept ${provider}`} />
        {error === undefined ? null : (
          <p role="alert" className="text-bad">
            <ForeignText text={error} lines />
          </p>
        )}
      </div>
    </Dialog>
  );
}
