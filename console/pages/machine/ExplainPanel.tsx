import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, type ReactNode } from "react";
import type { Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { commandRefusal } from "../../commands/allowed.ts";
import { commandOpen } from "../../commands/open-command.ts";
import { useRole } from "../../commands/use-role.ts";
import { useRefreshOnChange } from "../../live/use-refresh-on-change.ts";
import { Explain } from "../../parts/Explain.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { Button } from "../../ui/Button.tsx";
import { commandTitle } from "./command-title.ts";
import { explainChoose, explainToggle, useExplainOpen } from "./explain-open.ts";
import { explainOptions } from "./machine-queries.ts";

/** Why the machine does not move, with what an operator can do as buttons. */
export function ExplainPanel({ machine }: { machine: Machine }): ReactNode {
  const open = useExplainOpen(machine.standing?.state);
  const options = useMemo(() => explainOptions(machine.id), [machine.id]);
  const { data, error, refetch } = useQuery({ ...options, enabled: open });
  const role = useRole();
  useRefreshOnChange(options.queryKey, { machine: machine.id });
  useEffect(() => () => explainChoose(undefined), []);
  return (
    <section aria-label="Explanation" className="border-line bg-surface mb-4 rounded-md border">
      <Button
        kind="quiet"
        icon={open ? "down" : "right"}
        aria-expanded={open}
        onClick={() => explainToggle(machine.standing?.state)}
        className="w-full justify-start"
      >
        {open ? "Why it is here, and what to do" : "Why is it here?"}
      </Button>
      {open ? (
        <div className="px-3 pb-3">
          {error !== null && data === undefined ? (
            <RpcError title="The explanation can't be read" error={error} onRetry={() => void refetch()} />
          ) : null}
          {data === undefined && error === null ? (
            <p data-loading="" className="text-dim min-h-24 text-sm">
              Reading …
            </p>
          ) : null}
          {data === undefined ? null : (
            <Explain
              machine={machine}
              explanation={data}
              button={(action) => (
                <Button
                  refused={commandRefusal(action, role, machine)}
                  onClick={() => commandOpen(action, { kind: "machines", machines: [machine] })}
                >
                  {commandTitle(action)}
                </Button>
              )}
            />
          )}
        </div>
      ) : null}
    </section>
  );
}
