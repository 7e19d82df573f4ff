import { timestampDate } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@connectrpc/connect-query";
import { useEffect, useState, type ReactNode } from "react";
import { EnrollmentService } from "../../../gen/farrier/operator/v1/enrollment_pb.ts";
import { useRole } from "../../commands/use-role.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { serverTimeHeard } from "../../parts/server-clock.ts";
import { Checkbox } from "../../ui/Field.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { BootWindows } from "./BootWindows.tsx";
import { RefusedAgents } from "./RefusedAgents.tsx";
import { SecondClaimants } from "./SecondClaimants.tsx";
import { WaitingAgents } from "./WaitingAgents.tsx";

/** Milliseconds between two looks at the list: no stream tells of it. */
const lookInterval = 3_000;

/** Who asks to enrol: agents that wait, open boot windows, machines that two keys claimed. */
export default function ApprovalsPage(): ReactNode {
  const [rejected, setRejected] = useState(false);
  const role = useRole();
  const refused = role === "viewer" ? "an operator can do this; you are a viewer" : undefined;
  const { data, error, refetch } = useQuery(
    EnrollmentService.method.enrollmentList,
    { includeRejected: rejected },
    { refetchInterval: lookInterval, placeholderData: (before) => before },
  );
  useEffect(() => {
    if (data?.at !== undefined) {
      serverTimeHeard(timestampDate(data.at));
    }
  }, [data]);
  return (
    <>
      <PageHead
        title="Approvals"
        actions={
          <Checkbox checked={rejected} onChange={({ target }) => setRejected(target.checked)}>
            Rejected agents too
          </Checkbox>
        }
      />
      <div className="flex flex-col gap-7">
        {error === null ? null : (
          <RpcError title="The list can't be read" error={error} onRetry={() => void refetch()} />
        )}
        {data === undefined ? (
          error === null ? (
            <Skeleton lines={6} />
          ) : null
        ) : (
          <>
            <SecondClaimants claimants={data.secondClaimants} />
            <WaitingAgents enrollments={data.enrollments} refused={refused} />
            <BootWindows windows={data.bootWindows} refused={refused} />
            <RefusedAgents callers={data.refused} />
          </>
        )}
      </div>
    </>
  );
}
