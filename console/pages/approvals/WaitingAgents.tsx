import { useState, type ReactNode } from "react";
import type { Enrollment } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { Button } from "../../ui/Button.tsx";
import { Checkbox } from "../../ui/Field.tsx";
import { ApproveDialog } from "./ApproveDialog.tsx";
import { ApproveManyDialog } from "./ApproveManyDialog.tsx";
import { RejectDialog } from "./RejectDialog.tsx";
import { Section } from "./Section.tsx";
import { WaitingAgent } from "./WaitingAgent.tsx";

type Shown = { dialog: "approve" | "reject"; enrollment: Enrollment } | { dialog: "many"; enrollments: Enrollment[] };

/** The agents that wait for an approval. */
export function WaitingAgents({
  enrollments,
  refused,
}: {
  enrollments: readonly Enrollment[];
  refused: string | undefined;
}): ReactNode {
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  // What a dialog is about stays as it was when the dialog was opened.
  const [shown, setShown] = useState<Shown>();
  const close = (): void => setShown(undefined);
  const chosen = enrollments.filter(({ key }) => marked.has(key));
  const free = enrollments.filter(({ rejectedBy }) => rejectedBy === "");
  const mark = (key: string, on: boolean): void =>
    setMarked(on ? new Set([...marked, key]) : new Set([...marked].filter((one) => one !== key)));
  return (
    <Section
      title={enrollments.length === 0 ? "Agents that wait" : `Agents that wait (${enrollments.length})`}
      about="Nothing that they say about themselves is proven. Let in only an agent that you expect: compare serial number and address."
      actions={
        enrollments.length < 2 ? null : (
          <div className="flex flex-wrap items-center gap-3">
            <Checkbox
              checked={chosen.length > 0 && chosen.length === free.length}
              onChange={({ target }) => setMarked(new Set(target.checked ? free.map(({ key }) => key) : []))}
            >
              All
            </Checkbox>
            <Button
              refused={refused ?? (chosen.length === 0 ? "mark some agents first" : undefined)}
              onClick={() => setShown({ dialog: "many", enrollments: chosen })}
            >
              Approve {chosen.length === 0 ? "" : `${chosen.length} `}as new…
            </Button>
          </div>
        )
      }
    >
      {enrollments.length === 0 ? (
        <p className="text-sm">
          No agent waits. A machine that boots from the network without a boot window appears here.
        </p>
      ) : (
        <ul className="border-line divide-line divide-y rounded-md border">
          {enrollments.map((enrollment) => (
            <WaitingAgent
              key={enrollment.key}
              enrollment={enrollment}
              refused={refused}
              {...(enrollments.length < 2 ? {} : { marked: marked.has(enrollment.key) })}
              onMark={(on) => mark(enrollment.key, on)}
              onApprove={() => setShown({ dialog: "approve", enrollment })}
              onReject={() => setShown({ dialog: "reject", enrollment })}
            />
          ))}
        </ul>
      )}
      {shown?.dialog === "approve" ? <ApproveDialog enrollment={shown.enrollment} onClose={close} /> : null}
      {shown?.dialog === "reject" ? <RejectDialog enrollment={shown.enrollment} onClose={close} /> : null}
      {shown?.dialog === "many" ? <ApproveManyDialog enrollments={shown.enrollments} onClose={close} /> : null}
    </Section>
  );
}
