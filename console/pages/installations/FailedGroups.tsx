import { useQuery } from "@connectrpc/connect-query";
import type { ReactElement } from "react";
import { Link } from "react-router";
import { InstallationService } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { InstallationState } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { commandRefusal } from "../../commands/allowed.ts";
import { commandOpen } from "../../commands/open-command.ts";
import { errorGroups } from "../../commands/run-many.ts";
import { useRole } from "../../commands/use-role.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { paths } from "../../paths.ts";
import { Button } from "../../ui/Button.tsx";
import { entryMachine } from "./entry-machine.ts";

/** Failed installations that are looked at: the newest. */
const lookedAt = 1_000;
/** Machines of a group that are named. */
const named = 8;

/** What failed, by error: how many machines, which, and all of them again. Nothing where nothing has failed. */
export function FailedGroups(): ReactElement | null {
  const role = useRole();
  const { data } = useQuery(
    InstallationService.method.installationList,
    { states: [InstallationState.FAILED], pageSize: lookedAt },
    { refetchInterval: 15_000 },
  );
  const failed = data?.installations ?? [];
  if (failed.length === 0) {
    return null;
  }
  const more = data?.nextPageToken !== "";
  return (
    <section aria-label="Failed, by error" className="flex flex-col gap-2">
      <h2>Failed, by error{more ? `: of the newest ${lookedAt.toLocaleString("en")}` : ""}</h2>
      <ul className="flex flex-col gap-2">
        {errorGroups(failed, ({ installation }) => installation?.error ?? "").map(({ error, entries }) => (
          <li
            key={error}
            className="flex flex-wrap items-start gap-x-4 gap-y-1 rounded-md border border-line bg-surface p-2"
          >
            <strong className="min-w-8 text-right text-lg leading-tight text-bad">{entries.length}</strong>
            <div className="min-w-0 flex-1 basis-60">
              <ForeignText text={error} lines className="line-clamp-3" />
              <p className="flex flex-wrap gap-x-2 text-sm text-dim">
                {entries.slice(0, named).map(({ machineId, machineName }) => (
                  <Link key={machineId} to={paths.machine(machineId)} className="text-accent underline">
                    <ForeignText text={machineName === "" ? machineId : machineName} />
                  </Link>
                ))}
                {entries.length > named ? <span>and {entries.length - named} more</span> : null}
                <span>
                  latest <Age at={entries[0]?.installation?.finishedAt} />
                </span>
              </p>
            </div>
            <Button
              icon="recover"
              refused={commandRefusal("retry", role)}
              onClick={() => commandOpen("retry", { kind: "machines", machines: entries.map(entryMachine) })}
            >
              Retry {entries.length === 1 ? "it" : `all ${entries.length}`}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
