import { createQueryOptions, useQuery } from "@connectrpc/connect-query";
import { Suspense, useState, type ReactNode } from "react";
import { useNavigate } from "react-router";
import { queryClient } from "../../api/query-client.ts";
import { transport } from "../../api/transport.ts";
import { useRole } from "../../commands/use-role.ts";
import { PageHead } from "../../layout/PageHead.tsx";
import { CliCopy } from "../../parts/CliCopy.tsx";
import { RpcError } from "../../parts/RpcError.tsx";
import { paths } from "../../paths.ts";
import { Button } from "../../ui/Button.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ImagesTable } from "./ImagesTable.tsx";
import { imagesEvery, imagesQuery } from "./queries.ts";
import { lazyPart } from "../../layout/lazy-part.ts";

const ImageAddDialog = lazyPart(async () => (await import("./ImageAddDialog.tsx")).ImageAddDialog);

/** Reads the catalogue before the page is drawn. */
export async function loader(): Promise<null> {
  await queryClient.ensureQueryData(createQueryOptions(imagesQuery.method, imagesQuery.input, { transport }));
  return null;
}

/** The page "Images": the catalogue, each image with its newest version. */
export default function ImagesPage(): ReactNode {
  const { data, error, refetch } = useQuery(imagesQuery.method, imagesQuery.input, {
    refetchInterval: ({ state }) => imagesEvery(state.data),
  });
  const [adding, setAdding] = useState(false);
  const navigate = useNavigate();
  const refused = useRole() === "viewer" ? "an operator can do this; you are a viewer" : undefined;
  return (
    <>
      <PageHead
        title="Images"
        actions={
          <Button kind="primary" icon="install" refused={refused} onClick={() => setAdding(true)}>
            Add an image
          </Button>
        }
      />
      {error === null ? null : (
        <RpcError title="The images can't be listed" error={error} onRetry={() => void refetch()} />
      )}
      {data === undefined ? null : data.images.length === 0 ? (
        <EmptyState title="The catalogue is empty">
          <p>
            An image that is added is fetched once by the server, checked, and looked into: what will not boot is said
            here, and not on a machine. Profiles and installations then name it.
          </p>
          <CliCopy command="farrier image add debian-13 --url URL --digest sha256:DIGEST --wait" />
        </EmptyState>
      ) : (
        <ImagesTable images={data.images} more={data.nextPageToken !== ""} />
      )}
      <Suspense>
        {adding ? (
          <ImageAddDialog onClose={() => setAdding(false)} onDone={(name) => void navigate(paths.image(name))} />
        ) : null}
      </Suspense>
    </>
  );
}
