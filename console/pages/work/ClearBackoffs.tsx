import { callUnaryMethod } from "@connectrpc/connect-query";
import { useMemo, useRef, useState, type ReactElement } from "react";
import { FleetService, type Backoff } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { callFailure } from "../../api/failure.ts";
import { transport } from "../../api/transport.ts";
import { randomId } from "../../api/random-id.ts";
import { runMany, type ManyResult } from "../../commands/run-many.ts";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { Bar } from "../../ui/Bar.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";

const titleOf = ({ machineId, machineName }: Backoff): string => (machineName === "" ? machineId : machineName);
const cliOf = (backoff: Backoff): string => `farrier backoff clear ${titleOf(backoff)} --process ${backoff.process}`;

/** Asks, and then ends the backoffs, a few at a time, with a result for each that failed. */
export function ClearBackoffs({
  backoffs,
  onClose,
}: {
  backoffs: readonly Backoff[];
  onClose: () => void;
}): ReactElement {
  // One id for each over all tries: a double click or a lost answer is one command.
  const jobs = useMemo(() => backoffs.map((backoff) => ({ backoff, requestId: randomId() })), [backoffs]);
  const [results, setResults] = useState<readonly (ManyResult | undefined)[]>();
  const stopped = useRef(false);
  const ended = results?.filter((result) => result !== undefined).length ?? 0;
  const running = results !== undefined && ended < jobs.length;
  const failed = jobs.flatMap(({ backoff }, index) => {
    const result = results?.[index];
    return result?.kind === "failed" ? [{ backoff, error: result.error }] : [];
  });
  const [only] = jobs;
  const commands = jobs.map(({ backoff }) => cliOf(backoff));
  const what = jobs.length === 1 && only !== undefined ? titleOf(only.backoff) : `${jobs.length} machines`;
  const start = async (): Promise<void> => {
    const now: (ManyResult | undefined)[] = jobs.map(() => undefined);
    setResults([...now]);
    const all = await runMany({
      jobs,
      send: async ({ backoff: { machineId, process }, requestId }) => {
        const request = { requestId, machine: machineId, process };
        await callUnaryMethod(transport, FleetService.method.backoffClear, request);
        return "may be tried now";
      },
      words: (error) => callFailure(error).message,
      tell: (index, result) => {
        now[index] = result === "sending" ? undefined : result;
        setResults([...now]);
      },
      stopped: () => stopped.current,
    });
    setResults(all);
  };
  return (
    <Dialog
      title={`Try ${what} again now`}
      onClose={() => {
        stopped.current = true;
        onClose();
      }}
      actions={
        results === undefined ? (
          <>
            <Button onClick={onClose}>Leave it</Button>
            <Button kind="primary" onClick={() => void start()}>
              Try {what} now
            </Button>
          </>
        ) : (
          <Button kind={running ? "plain" : "primary"} onClick={() => (running ? (stopped.current = true) : onClose())}>
            {running ? "Stop" : "Close"}
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-3">
        <p>
          The wait ends, and a shepherd may take {jobs.length === 1 ? "it" : "them"} at once. If it fails again, the
          next wait begins anew.
        </p>
        <div className="max-h-40 overflow-auto">
          <CliCopy command={commands.join("\n")} />
        </div>
        {results === undefined ? null : (
          <div role="status" className="flex flex-col gap-1">
            <Bar share={ended / jobs.length} label="Machines" words={`${ended} of ${jobs.length}`} />
            <p>
              {ended - failed.length} of {jobs.length} may be tried now
              {failed.length === 0 ? "" : `, ${failed.length} could not be changed:`}
            </p>
            <ul className="max-h-60 overflow-auto">
              {failed.map(({ backoff, error }) => (
                <li key={`${backoff.machineId} ${backoff.process}`}>
                  <ForeignText text={`${titleOf(backoff)}: ${error}`} />
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Dialog>
  );
}
