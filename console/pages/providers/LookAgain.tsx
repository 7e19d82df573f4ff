import { callUnaryMethod } from "@connectrpc/connect-query";
import { useEffect, useState, type ReactElement } from "react";
import { ProviderService } from "../../../gen/farrier/operator/v1/provider_pb.ts";
import { queryClient } from "../../api/query-client.ts";
import { transport } from "../../api/transport.ts";
import { randomId } from "../../api/random-id.ts";
import { operationEnd } from "../../commands/operation-end.ts";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { LookLines } from "./LookLines.tsx";

/** Has a shepherd look at a provider anew, and shows line by line what works. */
export function LookAgain({ provider, onClose }: { provider: string; onClose: () => void }): ReactElement {
  // Made as the dialog opens, and kept: a repeated effect or a lost answer is one command.
  const [requestId] = useState(() => randomId());
  const [result, setResult] = useState<Record<string, unknown>>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    let shown = true;
    const look = async (): Promise<void> => {
      const { operation } = await callUnaryMethod(transport, ProviderService.method.providerCheck, {
        requestId,
        provider,
      });
      const found = await operationEnd(transport, operation);
      await queryClient.invalidateQueries({ refetchType: "active" });
      if (shown) {
        setResult(found);
      }
    };
    look().catch((reason: unknown) => (shown ? setError(reason) : undefined));
    return () => {
      shown = false;
    };
  }, [provider, requestId]);
  return (
    <Dialog
      title={`A look at ${provider}`}
      onClose={onClose}
      actions={
        <Button kind="primary" onClick={onClose}>
          Close
        </Button>
      }
    >
      <div role="status" className="flex flex-col gap-3">
        <CliCopy command={`farrier provider check ${provider}`} />
        {error !== undefined ? (
          <RpcError title="It could not be looked at" error={error} />
        ) : result === undefined ? (
          <p className="text-dim">A shepherd is looking at it …</p>
        ) : (
          <LookLines result={result} />
        )}
      </div>
    </Dialog>
  );
}
