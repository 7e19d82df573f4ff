import { useEffect, useMemo, useState, type ReactElement, type ReactNode } from "react";
import type { InstallationPlan } from "../../gen/farrier/operator/v1/installation_pb.ts";
import { InstallationState, type Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { bytesText } from "../../src/lib/format/bytes.ts";
import { diskTitle } from "../parts/disk-facts.ts";
import { RpcError } from "../parts/RpcError.tsx";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Checkbox } from "../ui/Field.tsx";
import { commandRefusal } from "./allowed.ts";
import { machineNameOrId } from "./command.ts";
import { CopyAs } from "./CopyAs.tsx";
import {
  emptyInstallForm,
  imageName,
  installProblems,
  refusedField,
  type InstallForm,
  type InstallProblems,
} from "./install-form.ts";
import { DrawnDisks, InstallDiskFields } from "./InstallDiskFields.tsx";
import { InstallBy } from "./InstallBy.tsx";
import { InstallImageFields, InstallMoreFields, InstallRetryFields } from "./InstallImageFields.tsx";
import { InstallProfileFields } from "./InstallProfileFields.tsx";
import { InstallPlans, InstallPlanView } from "./InstallPlanView.tsx";
import { installPrepare } from "./machine-install.ts";
import { MachinesPreview } from "./MachinesPreview.tsx";
import { ManyResults } from "./ManyResults.tsx";
import { commandUnsavedSet } from "./open-command.ts";
import type { PreparedCommand } from "./prepared.ts";
import { TypedName } from "./TypedName.tsx";
import { useCommandRun } from "./use-command-run.ts";
import { useCurrentMachine } from "./use-current-machine.ts";
import type { DryRun } from "./dry-run.ts";
import { useDryRun } from "./use-dry-run.ts";
import { useRole } from "./use-role.ts";

/** What an {@link InstallDialog} takes. */
export interface InstallDialogProps {
  machines: readonly Machine[];
  /** The filter matches more than these. */
  more: boolean;
  requestId: string;
  onClose: () => void;
}

/** Asks for an installation on one machine or many, and shows what the server says before it is requested. */
export function InstallDialog({ machines: opened, more, requestId, onClose }: InstallDialogProps): ReactElement {
  const role = useRole();
  const run = useCommandRun(requestId, onClose);
  const only = useCurrentMachine(opened.length === 1 ? opened[0] : undefined, run.busy);
  const machines = useMemo(() => (only === undefined ? opened : [only]), [opened, only]);
  const [form, setForm] = useState(emptyInstallForm);
  const [typed, setTyped] = useState("");
  const { going, refused } = useMemo(
    () => splitRefused(machines, (machine) => commandRefusal("install", role, machine)),
    [machines, role],
  );
  const runs = useDryRun(going, form, requestId);
  const [first] = runs;
  // What the server refuses for sure is not sent.
  const sendable = only === undefined ? going.filter((_, index) => runs[index]?.kind !== "refused") : going;
  const incomplete = installProblems(form);
  const problems = shownProblems(incomplete, only === undefined ? undefined : first);
  const overwrites = sendable.filter(
    ({ installed }, index) =>
      installed !== undefined || (only !== undefined && index === 0 && planOf(first)?.overwrites !== undefined),
  );
  const expected = only === undefined ? String(sendable.length) : machineNameOrId(only);
  const pending = going.filter(({ installation }) => installation?.state === InstallationState.PENDING);
  const plannedCount = runs.filter(({ kind }) => kind === "planned").length;
  const refusal =
    (only === undefined ? undefined : refused[0]?.reason) ??
    refusalOf({ incomplete, first: only === undefined ? undefined : first, planned: plannedCount }) ??
    (overwrites.length > 0 && typed !== expected ? `type ${expected} first` : undefined);
  const title = installTitle(only, sendable.length, installWords(form, first), first);
  const prepared = (those: readonly Machine[] = sendable): PreparedCommand[] =>
    those.map((machine) => installPrepare(machine, form, requestId));
  const sent = run.activity !== undefined && only === undefined;
  const fields = {
    form,
    problems,
    onChange: (change: Partial<typeof form>) => setForm((before) => ({ ...before, ...change })),
  };
  const planned = planOf(first)?.disk?.name;
  const imageBytes = planOf(first)?.imageSizeBytes ?? form.sizeBytes;
  const unsaved = form !== emptyInstallForm && !sent;
  useEffect(() => commandUnsavedSet(unsaved), [unsaved]);
  return (
    <Dialog
      size="wide"
      title={
        only === undefined
          ? `Install ${machines.length.toLocaleString("en")} machines`
          : `Install ${machineNameOrId(only)}`
      }
      onClose={onClose}
      unsaved={unsaved}
      note={only === undefined ? undefined : first?.kind === "refused" ? first.message : refused[0]?.reason}
      actions={
        <>
          <CopyAs commands={() => prepared()} refused={incompleteWords(incomplete)} />
          <Button onClick={onClose}>{sent ? "Close" : "Back"}</Button>
          {sent ? null : (
            <Button
              kind="danger"
              icon="install"
              className="foreign"
              busy={run.busy}
              refused={refusal}
              onClick={() => run.send(title, prepared())}
            >
              {title}
            </Button>
          )}
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {only === undefined ? <MachinesPreview machines={machines} refused={refused} more={more} /> : null}
        <fieldset disabled={sent} className="flex flex-col gap-4">
          <InstallBy by={form.by} onChange={(by) => fields.onChange({ by })} />
          {form.by === "profile" ? (
            <>
              <Part title="Profile">
                <InstallProfileFields {...fields} />
              </Part>
              {only === undefined || planned === undefined ? null : (
                <Part title="Disk">
                  <DrawnDisks machine={only} selector="" imageBytes={imageBytes} planned={planned} />
                </Part>
              )}
            </>
          ) : (
            <>
              <Part title="Image">
                <InstallImageFields {...fields} />
              </Part>
              <Part title="Disk">
                <InstallDiskFields {...fields} machine={only} imageBytes={imageBytes} planned={planned} />
              </Part>
            </>
          )}
          <details>
            <summary className="font-medium">
              {form.by === "profile" ? "Retries, checks" : "First boot, format, checks, retries"}
            </summary>
            <div className="flex flex-col gap-3 pt-3">
              {form.by === "profile" ? null : <InstallMoreFields {...fields} />}
              <InstallRetryFields {...fields} />
              <Checkbox
                checked={form.ignoreReport}
                onChange={({ target }) => fields.onChange({ ignoreReport: target.checked })}
              >
                Accept a disk that the hardware report contradicts, for disks that have changed
              </Checkbox>
            </div>
          </details>
          {pending.length === 0 ? null : (
            <Checkbox checked={form.replace} onChange={({ target }) => fields.onChange({ replace: target.checked })}>
              {only === undefined
                ? `Replace the pending installation of ${pending.length} machines`
                : `Replace the pending generation ${String(only.installation?.generation ?? 0n)}`}
            </Checkbox>
          )}
          <section aria-label="What the server says">
            {only === undefined ? <InstallPlans machines={going} runs={runs} /> : <InstallPlanView run={first} />}
          </section>
          {overwrites.length === 0 ? null : (
            <TypedName
              expected={expected}
              why={
                only === undefined
                  ? `${overwrites.length} of the machines have an installed system, which is overwritten.`
                  : `The installed system of ${expected} is overwritten.`
              }
              value={typed}
              onChange={setTyped}
            />
          )}
        </fieldset>
        {sent && run.activity !== undefined ? (
          <ManyResults
            activity={run.activity}
            // What was refused may be allowed by now, and the page need not know it yet: the server decides.
            onRetry={(ids) => run.send(title, prepared(machines.filter(({ id }) => ids.includes(id))))}
          />
        ) : null}
        {run.error === undefined ? null : (
          <RpcError
            title="The installation was not requested"
            error={run.error}
            onRetry={() => run.send(title, prepared())}
          />
        )}
      </div>
    </Dialog>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }): ReactElement {
  return (
    <section aria-label={title} className="flex flex-col gap-3">
      <h3 className="font-semibold">{title}</h3>
      {children}
    </section>
  );
}

function splitRefused(
  machines: readonly Machine[],
  refusalFor: (machine: Machine) => string | undefined,
): { going: Machine[]; refused: { machine: Machine; reason: string }[] } {
  const checked = machines.map((machine) => ({ machine, reason: refusalFor(machine) }));
  return {
    going: checked.filter(({ reason }) => reason === undefined).map(({ machine }) => machine),
    refused: checked.flatMap(({ machine, reason }) => (reason === undefined ? [] : [{ machine, reason }])),
  };
}

/** Problems beside their fields: of the form, and what the server refuses. */
function shownProblems(problems: InstallProblems, run: DryRun | undefined): InstallProblems {
  const field = run?.kind === "refused" ? refusedField(run.message) : undefined;
  return run?.kind === "refused" && field !== undefined ? { ...problems, [field]: run.message } : problems;
}

function refusalOf({
  incomplete,
  first,
  planned,
}: {
  incomplete: InstallProblems;
  first: DryRun | undefined;
  planned: number;
}): string | undefined {
  const incompleted = incompleteWords(incomplete);
  if (incompleted !== undefined) {
    return incompleted;
  }
  if (first === undefined) {
    return planned === 0 ? "no machine can be requested" : undefined;
  }
  switch (first.kind) {
    case "planned":
      return undefined;
    case "refused":
      return "the server refuses it: see above";
    case "away":
      return "the server can't be asked now: see above";
    case "asking":
    case "incomplete":
      return "being checked";
  }
}

/** Why a form can't be sent as it stands; undefined if it can. Pure. */
function incompleteWords(problems: InstallProblems): string | undefined {
  const [first] = Object.entries(problems);
  if (first === undefined) {
    return undefined;
  }
  const [field, problem] = first;
  if (problem !== "missing") {
    return "something is wrong: see beside its field";
  }
  return field === "profile"
    ? "choose a profile first"
    : field === "selector"
      ? "choose a disk first"
      : "image, digest and disk come first";
}

/** What is installed, in a word. Pure. */
function installWords({ by, profile, url }: InstallForm, run: DryRun | undefined): string {
  if (by === "image") {
    return imageName(url);
  }
  const [named, image] = run?.kind === "planned" ? [run.profile || profile, run.image] : [profile, ""];
  return image === "" ? named || "a profile" : `${image} by ${named}`;
}

function planOf(run: DryRun | undefined): InstallationPlan | undefined {
  return run?.kind === "planned" ? run.plan : undefined;
}

/** What the button does: "Erase Samsung PM9A3 3.84 TB S64G… of web1, install debian-13". */
function installTitle(only: Machine | undefined, count: number, image: string, run: DryRun | undefined): string {
  if (only === undefined) {
    return `Erase a disk of each of ${count.toLocaleString("en")} machines, install ${image}`;
  }
  const disk = planOf(run)?.disk;
  if (disk === undefined) {
    return `Install ${image} on ${machineNameOrId(only)}`;
  }
  const named = diskTitle({ vendor: disk.vendor, deviceModel: disk.model, name: disk.name });
  const what = [named, bytesText(disk.capacityBytes), disk.serialNumber].filter((word) => word !== "").join(" ");
  return `Erase ${what} of ${machineNameOrId(only)}, install ${image}`;
}
