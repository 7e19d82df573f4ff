import { useQuery } from "@connectrpc/connect-query";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { MachineService } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { MachineStateBadge } from "../../parts/MachineStateBadge.tsx";
import { Timeline } from "../../parts/Timeline.tsx";
import { paths } from "../../paths.ts";

/** For a machine that is not there: what is left of its history, or those whose names are near. */
export function Gone({ machine }: { machine: string }): ReactNode {
  const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu.test(machine);
  const history = useQuery(
    MachineService.method.machineHistory,
    { machine, pageSize: 100 },
    { enabled: uuid, retry: false },
  );
  const near = useQuery(
    MachineService.method.machineList,
    { namePrefix: machine.slice(0, Math.max(1, Math.min(3, machine.length - 1))), pageSize: 10 },
    { enabled: !uuid && machine.length <= 63 },
  );
  const entries = history.data?.entries ?? [];
  const machines = near.data?.machines ?? [];
  return (
    <>
      <PageHead title={entries.length > 0 ? "This machine was deleted" : "There is no such machine"}>
        <p className="text-dim text-sm">
          <ForeignText text={machine} mono /> ·{" "}
          <Link to={paths.machines()} className="underline">
            all machines
          </Link>
        </p>
      </PageHead>
      {entries.length === 0 ? null : <Timeline entries={entries} />}
      {machines.length === 0 ? null : (
        <section>
          <h2 className="mb-1">Names that begin alike</h2>
          <ul className="flex flex-col gap-1">
            {machines.map(({ id, name, standing }) => (
              <li key={id} className="flex items-center gap-2">
                <Link to={paths.machine(name)} className="min-h-6 underline">
                  <ForeignText text={name} />
                </Link>
                {standing === undefined ? null : <MachineStateBadge state={standing.state} />}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
