import { useQuery } from "@connectrpc/connect-query";
import type { ReactNode } from "react";
import { useSearchParams } from "react-router";
import { AccessService } from "../../../gen/farrier/operator/v1/access_pb.ts";
import { useRole } from "../../commands/use-role.ts";
import { lazyPart } from "../../layout/lazy-part.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { LogOut } from "../../session/LogOut.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Tabs } from "../../ui/Tabs.tsx";
import { AdminsOnly } from "./AdminsOnly.tsx";
import { Sessions } from "./Sessions.tsx";
import { WhoAmI } from "./WhoAmI.tsx";

// What the first tab does not need.
const Tokens = lazyPart(async () => (await import("./Tokens.tsx")).Tokens);
const Webhooks = lazyPart(async () => (await import("./webhooks/Webhooks.tsx")).Webhooks);
const Credentials = lazyPart(async () => (await import("./Credentials.tsx")).Credentials);
const Audit = lazyPart(async () => (await import("./Audit.tsx")).Audit);

const sessions = (): ReactNode => <Sessions />;

/** Who may call: oneself, the browsers that are signed in, tokens, credentials; who is called; and what was done. */
export default function AccessPage(): ReactNode {
  const [search, setSearch] = useSearchParams();
  const role = useRole();
  const { data, error, refetch } = useQuery(AccessService.method.whoAmI, {});
  const forAdmins = (what: string, content: ReactNode): ReactNode =>
    role === undefined ? <Skeleton /> : role === "admin" ? content : <AdminsOnly what={what} role={role} />;
  return (
    <>
      <PageHead title="Access" actions={<LogOut />}>
        {data !== undefined ? (
          <WhoAmI who={data} />
        ) : error === null ? (
          <Skeleton lines={1} />
        ) : (
          <RpcError title="Who you are can't be read" error={error} onRetry={() => void refetch()} />
        )}
      </PageHead>
      <Tabs
        label="Access"
        value={search.get("tab") ?? "browsers"}
        onChange={(tab) => setSearch(tab === "browsers" ? {} : { tab }, { replace: true })}
        tabs={[
          { value: "browsers", label: "Browsers", content: sessions },
          { value: "tokens", label: "Tokens", content: () => forAdmins("see and make tokens", <Tokens />) },
          { value: "webhooks", label: "Webhooks", content: () => <Webhooks /> },
          {
            value: "credentials",
            label: "Credentials",
            content: () => forAdmins("see what opens controllers and machines", <Credentials />),
          },
          { value: "audit", label: "Audit", content: () => forAdmins("read the audit", <Audit />) },
        ]}
      />
    </>
  );
}
