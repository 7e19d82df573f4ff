import { useQueryClient } from "@tanstack/react-query";
import { useTransport } from "@connectrpc/connect-query";
import { useRef, useState, type ReactNode } from "react";
import type { Enrollment } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { callFailure } from "../../api/failure.ts";
import { randomId } from "../../api/random-id.ts";
import { runMany, type ManyResult } from "../../commands/run-many.ts";
import { sendPatiently } from "../../commands/send.ts";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { Button } from "../../ui/Button.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field, TextInput } from "../../ui/Field.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";
import { agentTitle, approvalPrepared } from "./enrollment-commands.ts";
import { patternNames } from "./name-pattern.ts";

type Shown = ManyResult | "sending" | undefined;

/** Lets several agents in as new machines, with names from a pattern. */
export function ApproveManyDialog({
  enrollments,
  onClose,
}: {
  enrollments: readonly Enrollment[];
  onClose: () => void;
}): ReactNode {
  // One for each, kept over tries.
  const [requestIds] = useState(() => enrollments.map(() => randomId()));
  const [pattern, setPattern] = useState("machine{n}");
  const [first, setFirst] = useState("1");
  const [results, setResults] = useState<readonly Shown[]>([]);
  const [state, setState] = useState<"form" | "running" | "ended">("form");
  const stopped = useRef(false);
  const transport = useTransport();
  const queries = useQueryClient();
  const count = /^\d{1,6}$/u.test(first) ? Number(first) : undefined;
  const names = patternNames(pattern, count ?? 0, enrollments);
  const wrong = count === undefined ? "expected a number" : names.find(({ problem }) => problem !== undefined)?.problem;
  const commands = enrollments.map((enrollment, index) =>
    approvalPrepared(
      enrollment,
      { machine: "", name: names[index]?.name ?? "", replace: false },
      requestIds[index] ?? "",
    ),
  );
  const left = commands.filter((_, index) => {
    const result = results[index];
    return result === undefined || (typeof result === "object" && result.kind !== "done");
  });
  const run = async (): Promise<void> => {
    setState("running");
    await runMany({
      jobs: commands,
      send: async (command) => sendPatiently(command, { transport }),
      words: (error) => callFailure(error).message,
      tell: (index, result) =>
        setResults((before) =>
          Object.assign(
            Array.from({ length: commands.length }, (_, one) => before[one]),
            { [index]: result },
          ),
        ),
      stopped: () => stopped.current,
    });
    setState("ended");
    await queries.invalidateQueries();
  };
  return (
    <Dialog
      title={`Approve ${enrollments.length} agents as new machines`}
      size="wide"
      onClose={() => {
        stopped.current = true;
        onClose();
      }}
      unsaved={state === "running"}
      actions={
        <>
          {state === "form" ? null : (
            <CopyButton
              text={() => left.map(({ cli }) => cli).join("\n")}
              what="the commands"
              label={`Copy as commands: ${left.length} left`}
            />
          )}
          {state === "running" ? (
            <Button onClick={() => (stopped.current = true)}>Stop after those that run</Button>
          ) : state === "ended" ? (
            <Button kind="primary" onClick={onClose}>
              Close
            </Button>
          ) : (
            <>
              <Button onClick={onClose}>Cancel</Button>
              <Button kind="primary" refused={wrong} onClick={() => void run()}>
                Let {enrollments.length} in, {names[0]?.name} to {names.at(-1)?.name}
              </Button>
            </>
          )}
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {state === "form" ? (
          <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_8rem]">
            <Field
              label="Names"
              hint="{n} counts, {nn} with two digits; {serial} is the serial number, {mac} the first MAC."
              error={wrong}
            >
              {(control) => (
                <TextInput
                  {...control}
                  mono
                  value={pattern}
                  maxLength={100}
                  onChange={({ target }) => setPattern(target.value)}
                />
              )}
            </Field>
            <Field label="Count from">
              {(control) => (
                <TextInput
                  {...control}
                  inputMode="numeric"
                  value={first}
                  maxLength={6}
                  onChange={({ target }) => setFirst(target.value)}
                />
              )}
            </Field>
          </div>
        ) : (
          <p role="status" className="text-sm">
            {state === "running" ? "Keep this page open until all have their result." : "All have their result."}
          </p>
        )}
        <Table className="phone-cards" caption="Names of the new machines" rows={enrollments.length}>
          <TableHead>
            <TableHeading>Agent</TableHeading>
            <TableHeading>Address</TableHeading>
            <TableHeading>New machine</TableHeading>
            <TableHeading>Result</TableHeading>
          </TableHead>
          <tbody>
            {enrollments.map((enrollment, index) => (
              <TableRow key={enrollment.key} index={index}>
                <TableCell data-label="Agent">
                  <ForeignText text={agentTitle(enrollment)} />
                </TableCell>
                <TableCell data-label="Address">
                  <ForeignText text={enrollment.address} mono className="text-xs" />
                </TableCell>
                <TableCell data-label="New machine">
                  <ForeignText text={names[index]?.name ?? ""} mono />{" "}
                  {names[index]?.problem === undefined ? null : (
                    <span className="text-bad text-xs">{names[index].problem}</span>
                  )}
                </TableCell>
                <TableCell data-label="Result">
                  <Result result={results[index]} />
                </TableCell>
              </TableRow>
            ))}
          </tbody>
        </Table>
      </div>
    </Dialog>
  );
}

function Result({ result }: { result: Shown }): ReactNode {
  if (result === undefined) {
    return <span className="text-dim">–</span>;
  }
  if (result === "sending") {
    return <Chip tone="busy">being let in</Chip>;
  }
  switch (result.kind) {
    case "done":
      return <Chip tone="good">let in</Chip>;
    case "left":
      return <Chip>not tried</Chip>;
    case "failed":
      return (
        <>
          <Chip tone="bad">failed</Chip> <ForeignText text={result.error} className="text-xs" />
        </>
      );
  }
}
