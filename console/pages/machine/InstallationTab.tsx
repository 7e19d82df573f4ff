import { useQuery } from "@connectrpc/connect-query";
import { useEffect, type ReactNode } from "react";
import { Phase } from "../../../gen/farrier/agent/v1/agent_service_pb.ts";
import { InstallationService } from "../../../gen/farrier/operator/v1/installation_pb.ts";
import { InstallationState, type Installation, type Machine } from "../../../gen/farrier/operator/v1/machine_pb.ts";
import { phaseWords } from "../../../src/contract/words/phase.ts";
import { bytesText } from "../../../src/lib/format/bytes.ts";
import { Age } from "../../parts/Age.tsx";
import { Digest } from "../../parts/Digest.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { InstallationStateBadge } from "../../parts/InstallationStateBadge.tsx";
import { ProgressBar } from "../../parts/ProgressBar.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { classes } from "../../ui/classes.ts";
import { Facts } from "./Facts.tsx";

const phases = [
  Phase.SELECTING_DISK,
  Phase.WRITING,
  Phase.VERIFYING,
  Phase.CONFIGURING,
  Phase.BOOT_ENTRY,
  Phase.REBOOTING,
] as const;

/** The newest installation in its phases, and all earlier generations. */
export function InstallationTab({ machine }: { machine: Machine }): ReactNode {
  const { installation, installed } = machine;
  return (
    <div className="flex flex-col gap-5">
      {installation === undefined ? (
        <p className="text-dim text-sm">No installation was ever requested.</p>
      ) : (
        <Newest installation={installation} />
      )}
      {installed === undefined ? null : (
        <section>
          <h2 className="mb-1">On the disk</h2>
          <Facts
            facts={{
              generation: String(installed.generation),
              digest: installed.digest === "" ? "" : <Digest digest={installed.digest} />,
              installed: <Age at={installed.installedAt} />,
            }}
          />
        </section>
      )}
      <Earlier id={machine.id} generation={installation?.generation ?? 0n} />
    </div>
  );
}

function Newest({ installation }: { installation: Installation }): ReactNode {
  const { generation, state, image, error, failureCause, retry, writingSince, requestedAt, finishedAt } = installation;
  return (
    <section>
      <h2 className="mb-1 flex flex-wrap items-center gap-2">
        Generation {String(generation)} <InstallationStateBadge state={state} />
      </h2>
      {state === InstallationState.PENDING ? <Steps installation={installation} /> : null}
      {error === "" ? null : (
        <p className="border-bad bg-bad-soft my-2 rounded-md border px-3 py-2 text-sm">
          <ForeignText text={error} lines />
          {failureCause === "" ? null : <span className="text-dim block font-mono text-xs">{failureCause}</span>}
        </p>
      )}
      <Facts
        facts={{
          image: image === undefined ? "" : <ForeignText text={image.url} mono />,
          digest: image === undefined || image.digest === "" ? "" : <Digest digest={image.digest} />,
          size: image === undefined || image.sizeBytes === 0n ? "" : bytesText(image.sizeBytes),
          requested: <Age at={requestedAt} />,
          "the disk":
            writingSince === undefined ? (
              "is unchanged"
            ) : (
              <>
                was first written <Age at={writingSince} />
              </>
            ),
          ended: finishedAt === undefined ? "" : <Age at={finishedAt} />,
          "tries left":
            retry === undefined ? (
              ""
            ) : (
              <>
                {retry.attemptsLeft} of {retry.attempts}
                {retry.nextAt === undefined ? (
                  ""
                ) : (
                  <>
                    , the next <Age at={retry.nextAt} />
                  </>
                )}
              </>
            ),
        }}
      />
    </section>
  );
}

/** The phases as steps; the running phase has its progress. */
function Steps({ installation }: { installation: Installation }): ReactNode {
  const at = phases.findIndex((phase) => phase === installation.progress?.phase);
  return (
    <ol aria-label="Phases" className="border-line my-2 flex flex-col gap-1.5 border-l pl-3 text-sm">
      {phases.map((phase, index) => (
        <li
          key={phase}
          aria-current={index === at ? "step" : undefined}
          className={classes(index > at && "text-dim", index === at && "font-medium")}
        >
          <span className="flex items-center gap-2">
            <Icon name={index < at ? "check" : index === at ? "install" : "dashed"} size={14} />
            {phaseWords[phase]}
          </span>
          {index === at ? (
            <div className="max-w-lg py-1 pl-6 font-normal">
              <ProgressBar installation={installation} />
            </div>
          ) : null}
        </li>
      ))}
    </ol>
  );
}

function Earlier({ id, generation }: { id: string; generation: bigint }): ReactNode {
  const { data, error, refetch } = useQuery(InstallationService.method.installationList, {
    machine: id,
    pageSize: 100,
  });
  // A new generation makes the one before an earlier one.
  useEffect(() => void refetch(), [generation, refetch]);
  if (data === undefined) {
    return error === null ? null : <RpcError title="Earlier installations can't be listed" error={error} />;
  }
  const earlier = data.installations.flatMap(({ installation }) =>
    installation === undefined || installation.generation === generation ? [] : [installation],
  );
  return earlier.length === 0 ? null : (
    <section>
      <h2 className="mb-1">Earlier generations</h2>
      <Table caption="Earlier generations" rows={earlier.length}>
        <TableHead>
          <TableHeading>Generation</TableHeading>
          <TableHeading>Result</TableHeading>
          <TableHeading>Requested</TableHeading>
          <TableHeading>Ended</TableHeading>
          <TableHeading>Error</TableHeading>
        </TableHead>
        <tbody>
          {earlier.map((one, index) => (
            <TableRow key={String(one.generation)} index={index}>
              <TableCell>{String(one.generation)}</TableCell>
              <TableCell>
                <InstallationStateBadge state={one.state} />
              </TableCell>
              <TableCell>
                <Age at={one.requestedAt} />
              </TableCell>
              <TableCell>
                <Age at={one.finishedAt} />
              </TableCell>
              <TableCell>
                <ForeignText text={one.error} />
              </TableCell>
            </TableRow>
          ))}
        </tbody>
      </Table>
    </section>
  );
}
