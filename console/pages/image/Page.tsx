import { createQueryOptions, useQuery } from "@connectrpc/connect-query";
import { Suspense, useMemo, useState, type ReactNode } from "react";
import { Link, useNavigate, useParams, type LoaderFunctionArgs } from "react-router";
import type { CatalogueImage } from "../../../gen/farrier/operator/v1/image_pb.ts";
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
import { imagesEvery, versionsQuery } from "../images/queries.ts";
import { ImageVersion } from "./ImageVersion.tsx";
import { lazyPart } from "../../layout/lazy-part.ts";

const ImageAddDialog = lazyPart(async () => (await import("../images/ImageAddDialog.tsx")).ImageAddDialog);
const ImageTagDialog = lazyPart(async () => (await import("./ImageTagDialog.tsx")).ImageTagDialog);
const ImageDeleteDialog = lazyPart(async () => (await import("./ImageDeleteDialog.tsx")).ImageDeleteDialog);

/** Reads the image's versions before the page is drawn. */
export async function loader({ params }: LoaderFunctionArgs): Promise<null> {
  const { method, input } = versionsQuery(params["image"] ?? "");
  await queryClient.ensureQueryData(createQueryOptions(method, input, { transport })).catch(notFoundLeave);
  return null;
}

/** The dialog that is open. */
type OpenDialog = { kind: "add" } | { kind: "tag"; image: CatalogueImage } | { kind: "delete"; reference: string };

/** The page of one image: all of its versions, newest first. */
export default function ImagePage(): ReactNode {
  const { image: name = "" } = useParams();
  const { method, input } = useMemo(() => versionsQuery(name), [name]);
  const { data, error, refetch } = useQuery(method, input, {
    refetchInterval: ({ state }) => imagesEvery(state.data),
  });
  const [open, setOpen] = useState<OpenDialog>();
  const navigate = useNavigate();
  const refused = useRole() === "viewer" ? "an operator can do this; you are a viewer" : undefined;
  const close = (): void => setOpen(undefined);
  const images = isNotFound(error) ? [] : (data?.images ?? []);
  return (
    <>
      <PageHead
        title={name}
        actions={
          images.length === 0 ? null : (
            <span className="flex flex-wrap gap-2">
              <Button kind="primary" icon="install" refused={refused} onClick={() => setOpen({ kind: "add" })}>
                Add a version
              </Button>
              <Button icon="trash" refused={refused} onClick={() => setOpen({ kind: "delete", reference: name })}>
                Delete all versions
              </Button>
            </span>
          )
        }
      >
        <p className="text-sm">
          <Link to={paths.images()} className="text-accent hover:underline">
            All images
          </Link>
        </p>
      </PageHead>
      {error === null || isNotFound(error) ? null : (
        <RpcError title="The image can't be shown" error={error} onRetry={() => void refetch()} />
      )}
      {isNotFound(error) || (data !== undefined && images.length === 0) ? (
        <EmptyState title="There is no such image">
          <p>It was deleted, or never added under this name.</p>
        </EmptyState>
      ) : (
        <ul aria-label="Versions" className="flex flex-col gap-4">
          {images.map((image) => (
            <li key={image.version}>
              <ImageVersion
                image={image}
                refused={refused}
                onTag={() => setOpen({ kind: "tag", image })}
                onDelete={() => setOpen({ kind: "delete", reference: versionText(name, image.version) })}
              />
            </li>
          ))}
        </ul>
      )}
      <Suspense>
        {open?.kind === "add" ? <ImageAddDialog name={name} onClose={close} onDone={close} /> : null}
        {open?.kind === "tag" ? <ImageTagDialog image={open.image} onClose={close} /> : null}
        {open?.kind === "delete" ? (
          <ImageDeleteDialog
            reference={open.reference}
            onClose={close}
            onDone={() => (open.reference === name || images.length < 2 ? void navigate(paths.images()) : undefined)}
          />
        ) : null}
      </Suspense>
    </>
  );
}
