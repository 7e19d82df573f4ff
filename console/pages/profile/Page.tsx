import { createQueryOptions, useQuery } from "@connectrpc/connect-query";
import { Suspense, useMemo, useState, type ReactNode } from "react";
import { Link, useNavigate, useParams, useSearchParams, type LoaderFunctionArgs } from "react-router";
import { versionText } from "../../../src/contract/catalogue/catalogue-reference.ts";
import { isNotFound, notFoundLeave } from "../../api/not-found.ts";
import { queryClient } from "../../api/query-client.ts";
import { transport } from "../../api/transport.ts";
import { useRole } from "../../commands/use-role.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { paths } from "../../paths.ts";
import { Button } from "../../ui/Button.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ProfileBody } from "./ProfileBody.tsx";
import { profileShowQuery, profileVersionsQuery } from "./queries.ts";
import { lazyPart } from "../../layout/lazy-part.ts";

const ProfileDeleteDialog = lazyPart(async () => (await import("./ProfileDeleteDialog.tsx")).ProfileDeleteDialog);

/** Reads the profile's versions before the page is drawn; templates are for operators, and read after it. */
export async function loader({ params }: LoaderFunctionArgs): Promise<null> {
  const { method, input } = profileVersionsQuery(params["profile"] ?? "");
  await queryClient.ensureQueryData(createQueryOptions(method, input, { transport })).catch(notFoundLeave);
  return null;
}

/** The page of one profile: what it says, its versions, what a machine would get, and its editor. */
export default function ProfilePage(): ReactNode {
  const { profile: name = "" } = useParams();
  const [search, setSearch] = useSearchParams();
  const versions = useMemo(() => profileVersionsQuery(name), [name]);
  const { data, error, refetch } = useQuery(versions.method, versions.input);
  const asked = search.get("version");
  const [newest] = isNotFound(error) ? [] : (data?.profiles ?? []);
  const chosen = newest && (data?.profiles.find(({ version }) => String(version) === asked) ?? newest);
  const role = useRole();
  const isViewer = role === "viewer";
  const show = profileShowQuery(chosen === undefined ? name : versionText(name, chosen.version));
  const shown = useQuery(show.method, show.input, { enabled: role !== undefined && !isViewer && chosen !== undefined });
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState(false);
  const refused = isViewer ? "an operator can do this; you are a viewer" : undefined;
  const spec = shown.data?.spec;
  const editing = search.has("edit") && !isViewer;
  const shownMode = editing ? "edited" : "shown";
  const mode = isViewer ? "viewed" : shownMode;
  return (
    <>
      <PageHead
        title={editing ? `Change ${name}` : name}
        actions={
          newest === undefined || editing ? null : (
            <span className="flex flex-wrap gap-2">
              <Button kind="primary" refused={refused} onClick={() => void navigate(paths.profileEdit(name))}>
                Change it
              </Button>
              <Button icon="trash" refused={refused} onClick={() => setDeleting(true)}>
                Delete
              </Button>
            </span>
          )
        }
      >
        <p className="text-sm">
          <Link to={paths.profiles()} className="text-accent hover:underline">
            All profiles
          </Link>
        </p>
      </PageHead>
      {error === null || isNotFound(error) ? null : (
        <RpcError title="The profile can't be shown" error={error} onRetry={() => void refetch()} />
      )}
      {shown.error === null ? null : (
        <RpcError
          title="What the profile says can't be shown"
          error={shown.error}
          onRetry={() => void shown.refetch()}
        />
      )}
      {isNotFound(error) || (data !== undefined && newest === undefined) ? (
        <EmptyState title="There is no such profile">
          <p>It was deleted, or never applied under this name.</p>
        </EmptyState>
      ) : null}
      {chosen === undefined ? null : (
        <ProfileBody
          profiles={data?.profiles ?? []}
          chosen={chosen}
          spec={spec}
          mode={mode}
          onLeave={() => void navigate(paths.profile(name))}
          onChoose={(version) => {
            const next = new URLSearchParams(search);
            next.set("version", String(version));
            setSearch(next, { preventScrollReset: true, replace: true });
          }}
        />
      )}
      <Suspense>
        {deleting ? (
          <ProfileDeleteDialog
            name={name}
            onClose={() => setDeleting(false)}
            onDone={() => void navigate(paths.profiles())}
          />
        ) : null}
      </Suspense>
    </>
  );
}
