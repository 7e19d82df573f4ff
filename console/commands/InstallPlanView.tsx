import type { ReactElement } from "react";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { Age } from "../parts/Age.tsx";
import { ForeignText } from "../parts/ForeignText.tsx";
import { Icon } from "../ui/Icon.tsx";
import { machineNameOrId } from "./command.ts";
import { refusedField } from "./install-form.ts";
import { errorGroups } from "./run-many.ts";
import type { DryRun } from "./dry-run.ts";

/** What the server says of one machine's installation: its plan, warnings, or why it refuses. */
export function InstallPlanView({ run }: { run: DryRun | undefined }): ReactElement {
  switch (run?.kind) {
    case undefined:
    case "incomplete":
      return (
        <p className="text-sm text-dim">
          The server checks the request as soon as image, digest and disk, or a profile, are given.
        </p>
      );
    case "asking":
      return <p className="text-sm text-dim">Checking…</p>;
    case "refused":
      return (
        <p role="alert" className="flex gap-2 text-sm text-bad">
          <Icon name="cross" />
          <span>
            Refused:{" "}
            {refusedField(run.message) === undefined ? (
              <ForeignText text={run.message} lines />
            ) : (
              "the reason stands beside its field."
            )}
          </span>
        </p>
      );
    case "away":
      return (
        <p role="alert" className="flex gap-2 text-sm text-warn">
          <Icon name="warning" />
          <span>
            Not checked: <ForeignText text={run.message} />. It is tried again by itself.
          </span>
        </p>
      );
    case "planned":
      return (
        <div className="flex flex-col gap-1 text-sm">
          <p className="flex gap-2 text-good">
            <Icon name="check" />
            <span>
              {run.plan?.disk === undefined ? (
                "It can be requested; the disk is not known yet."
              ) : (
                <>
                  It can be requested, according to the hardware report of <Age at={run.plan.hardwareReportedAt} />.
                </>
              )}
            </span>
          </p>
          {run.plan?.overwrites === undefined ? null : (
            <p className="flex gap-2 text-warn">
              <Icon name="warning" />
              <span>
                The system of generation {String(run.plan.overwrites.generation)}, installed{" "}
                <Age at={run.plan.overwrites.installedAt} />, is overwritten.
              </span>
            </p>
          )}
          {run.warnings.map((warning) => (
            <p key={warning} className="flex gap-2 text-warn">
              <Icon name="warning" />
              <ForeignText text={warning} />
            </p>
          ))}
        </div>
      );
  }
}

/** The same for many machines: how many can be requested, and what is refused, by reason. */
export function InstallPlans({
  machines,
  runs,
}: {
  machines: readonly Machine[];
  runs: readonly DryRun[];
}): ReactElement {
  const asked = runs.filter(({ kind }) => kind !== "incomplete");
  if (asked.length === 0) {
    return <InstallPlanView run={undefined} />;
  }
  const planned = runs.filter(({ kind }) => kind === "planned").length;
  const waiting = runs.filter(({ kind }) => kind === "asking" || kind === "away").length;
  const refused = runs.flatMap((run, index) => {
    const machine = machines[index];
    return run.kind === "refused" && machine !== undefined ? [{ machine, message: run.message }] : [];
  });
  return (
    <div className="flex flex-col gap-1 text-sm">
      <p role="status">
        {planned} of {runs.length} can be requested{waiting > 0 ? `, ${waiting} are being checked` : ""}
        {refused.length > 0 ? `, ${refused.length} are refused` : ""}.
        {machines.length > runs.length ? ` The first ${runs.length} are checked before.` : ""}
      </p>
      {errorGroups(refused, ({ message }) => message).map(({ error, entries }) => (
        <p key={error} className="text-bad line-clamp-3">
          <strong>{entries.length}</strong>: <ForeignText text={error} lines /> (
          {entries
            .slice(0, 5)
            .map(({ machine }) => machineNameOrId(machine))
            .join(", ")}
          {entries.length > 5 ? ", …" : ""})
        </p>
      ))}
    </div>
  );
}
