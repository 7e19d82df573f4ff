import { useQuery } from "@connectrpc/connect-query";
import { useState, type ReactElement } from "react";
import type { Backoff } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { errorGroups } from "../../commands/run-many.ts";
import { useRole } from "../../commands/use-role.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { useRefreshOnChange } from "../../live/use-refresh-on-change.ts";
import { RpcError } from "../../parts/RpcError.tsx";
import { Button } from "../../ui/Button.tsx";
import { ClearBackoffs } from "./ClearBackoffs.tsx";
import { MachineLink } from "../../parts/MachineLink.tsx";
import { backoffsQuery, lookedAt, workKeys, type WorkPartProps } from "./queries.ts";

/** Machines of a cause that are named. */
const named = 12;

/** What waits until a time after a failure, by its cause; one or all of a cause can be tried again now. */
export function Backoffs({ every }: WorkPartProps): ReactElement {
  const role = useRole();
  const refused = role === "viewer" ? "an operator can do this; you are a viewer" : undefined;
  const [clearing, setClearing] = useState<readonly Backoff[]>();
  const { data, error, refetch } = useQuery(backoffsQuery.method, backoffsQuery.input, { refetchInterval: every });
  useRefreshOnChange(workKeys.backoffs);
  const backoffs = data?.backoffs ?? [];
  const more = data !== undefined && data.nextPageToken !== "";
  return (
    <section aria-labelledby="backoffs" className="flex flex-col gap-2">
      <h2 id="backoffs">Waits after a failure{more ? `: the first ${lookedAt.toLocaleString("en")}` : ""}</h2>
      {error === null ? null : (
        <RpcError title="What waits can't be listed" error={error} onRetry={() => void refetch()} />
      )}
      {data !== undefined && backoffs.length === 0 ? <p className="text-dim">Nothing waits.</p> : null}
      <ul className="flex flex-col gap-2">
        {errorGroups(backoffs, ({ cause }) => cause).map(({ error: cause, entries }) => (
          <li
            key={cause}
            className="border-line bg-surface flex flex-wrap items-start gap-x-4 gap-y-2 rounded-md border p-3"
          >
            <strong className="min-w-8 text-right text-lg leading-tight">{entries.length.toLocaleString("en")}</strong>
            <div className="min-w-0 flex-1 basis-60">
              <ForeignText text={cause === "" ? "no cause was recorded" : cause} lines />
              <ul className="mt-1 flex flex-wrap gap-x-4 gap-y-1">
                {entries.slice(0, named).map((one) => (
                  <li key={`${one.machineId} ${one.process}`} className="inline-flex items-center gap-1.5">
                    <MachineLink id={one.machineId} name={one.machineName} />
                    <span className="text-dim">
                      <Age at={one.until} />
                    </span>
                    {entries.length === 1 ? null : (
                      <Button
                        kind="quiet"
                        icon="recover"
                        refused={refused}
                        aria-label={`Try ${one.machineName === "" ? one.machineId : one.machineName} now`}
                        onClick={() => setClearing([one])}
                      />
                    )}
                  </li>
                ))}
                {entries.length > named ? <li className="text-dim">and {entries.length - named} more</li> : null}
              </ul>
            </div>
            <Button icon="recover" refused={refused} onClick={() => setClearing(entries)}>
              Try {entries.length === 1 ? "it" : `all ${entries.length.toLocaleString("en")}`} now
            </Button>
          </li>
        ))}
      </ul>
      {clearing === undefined ? null : (
        <ClearBackoffs
          backoffs={clearing}
          onClose={() => {
            setClearing(undefined);
            void refetch();
          }}
        />
      )}
    </section>
  );
}
