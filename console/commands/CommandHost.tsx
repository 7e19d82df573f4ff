import { useTransport } from "@connectrpc/connect-query";
import { useQuery } from "@tanstack/react-query";
import { Suspense, type ReactElement } from "react";
import { RpcError } from "../parts/RpcError.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { commandClose, useOpenCommand, type OpenCommand } from "./open-command.ts";
import { useDialogHistory } from "./use-dialog-history.ts";
import { selectionMachines, type FilterSelection } from "./selection.ts";
import { lazyPart } from "../layout/lazy-part.ts";

const FormDialog = lazyPart(async () => (await import("./FormDialog.tsx")).FormDialog);
const InstallDialog = lazyPart(async () => (await import("./InstallDialog.tsx")).InstallDialog);

/** Shows the dialog of the command that is open; once, in the layout. Another page closes it, as the back button does. */
export function CommandHost(): ReactElement | null {
  const open = useOpenCommand();
  useDialogHistory(open);
  if (open === undefined) {
    return null;
  }
  return open.selection.kind === "filter" ? (
    <FilteredCommand key={open.requestId} open={open} selection={open.selection} />
  ) : (
    <CommandOf key={open.requestId} open={open} machines={open.selection.machines} more={false} />
  );
}

function FilteredCommand({ open, selection }: { open: OpenCommand; selection: FilterSelection }): ReactElement {
  const transport = useTransport();
  const { data, error, refetch } = useQuery({
    queryKey: ["selection", open.requestId],
    queryFn: ({ signal }) => selectionMachines(transport, selection, signal),
    staleTime: Infinity,
  });
  if (data !== undefined) {
    return <CommandOf open={open} {...data} />;
  }
  return (
    <Dialog title={`All machines with ${selection.words}`} onClose={commandClose}>
      {error === null ? (
        <Skeleton label="Loading the machines" />
      ) : (
        <RpcError title="The machines can't be listed" error={error} onRetry={() => void refetch()} />
      )}
    </Dialog>
  );
}

type CommandOfProps = { open: OpenCommand; more: boolean } & Pick<Parameters<typeof FormDialog>[0], "machines">;

function CommandOf({ open: { command, requestId }, machines, more }: CommandOfProps): ReactElement {
  const common = { machines, more, requestId, onClose: commandClose };
  return (
    <Suspense fallback={null}>
      {command === "install" ? <InstallDialog {...common} /> : <FormDialog name={command} {...common} />}
    </Suspense>
  );
}
