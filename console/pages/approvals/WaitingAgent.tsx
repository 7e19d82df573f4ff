import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Enrollment } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { paths } from "../../paths.ts";
import { Button } from "../../ui/Button.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { agentTitle, keyDigits } from "./enrollment-commands.ts";

/** One agent that waits: what it says about itself, which machine it may be, and what can be done. */
export function WaitingAgent({
  enrollment,
  refused,
  marked,
  onMark,
  onApprove,
  onReject,
}: {
  enrollment: Enrollment;
  refused: string | undefined;
  /** Left out where there is nothing to mark. */
  marked?: boolean;
  onMark: (on: boolean) => void;
  onApprove: () => void;
  onReject: () => void;
}): ReactNode {
  const { key, smbiosUuid, macs, address, firstSeenAt, lastSeenAt, rejectedBy, rejectedAt } = enrollment;
  const title = agentTitle(enrollment);
  return (
    <li className="flex flex-wrap items-start gap-x-4 gap-y-2 px-3 py-2.5">
      {marked === undefined ? null : (
        <input
          type="checkbox"
          className="accent-accent mt-1 size-4"
          aria-label={`Mark ${title}`}
          checked={marked}
          onChange={({ target }) => onMark(target.checked)}
        />
      )}
      <div className="min-w-0 grow basis-72">
        <p className="font-medium">
          <ForeignText text={title} />{" "}
          {rejectedBy === "" ? null : (
            <Chip tone="warn">
              rejected by {rejectedBy} <Age at={rejectedAt} />
            </Chip>
          )}
        </p>
        <MayBe enrollment={enrollment} />
        <dl className="text-dim mt-1 grid grid-cols-[5.5rem_minmax(0,1fr)] gap-x-2 text-xs">
          <dt>Address</dt>
          <dd>
            <ForeignText text={address} mono />
          </dd>
          <dt>MACs</dt>
          <dd>
            <ForeignText text={macs.length === 0 ? "none" : macs.join(", ")} mono />
          </dd>
          <dt>UUID</dt>
          <dd>
            <ForeignText text={smbiosUuid === "" ? "none" : smbiosUuid} mono />
          </dd>
          <dt>Key</dt>
          <dd className="font-mono">{key.slice(0, keyDigits)}…</dd>
          <dt>Asks</dt>
          <dd>
            since <Age at={firstSeenAt} />, last <Age at={lastSeenAt} />
          </dd>
        </dl>
      </div>
      <div className="flex gap-2">
        <Button kind="primary" refused={refused} onClick={onApprove} aria-label={`Approve ${title}`}>
          Approve…
        </Button>
        {rejectedBy === "" ? (
          <Button refused={refused} onClick={onReject} aria-label={`Reject ${title}`}>
            Reject…
          </Button>
        ) : null}
      </div>
    </li>
  );
}

/** The machine that an agent can be, or why that is not clear. */
function MayBe({ enrollment: { machineId, machineName, related } }: { enrollment: Enrollment }): ReactNode {
  const others = related.map(({ id, name }) => <MachineLink key={id} id={id} name={name} />);
  return (
    <p className="text-sm">
      {machineId !== "" ? (
        <>
          Says that it is <MachineLink id={machineId} name={machineName} />
          {others.length === 0 ? null : <>; shares a UUID or MAC with {listed(others)} too</>}
        </>
      ) : others.length === 0 ? (
        "A machine that is not known yet"
      ) : (
        <>Not clear which machine: shares a UUID or MAC with {listed(others)}</>
      )}
    </p>
  );
}

function MachineLink({ id, name }: { id: string; name: string }): ReactNode {
  return (
    <Link to={paths.machine(id)} className="text-accent underline">
      <ForeignText text={name === "" ? id : name} />
    </Link>
  );
}

function listed(nodes: readonly ReactNode[]): ReactNode {
  return nodes.flatMap((node, index) => (index === 0 ? [node] : [", ", node]));
}
