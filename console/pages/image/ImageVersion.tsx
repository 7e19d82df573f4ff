import type { ReactElement, ReactNode } from "react";
import { ImageState, type CatalogueImage, type ImageFacts } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { versionText } from "../../../src/contract/catalogue/catalogue-reference.ts";
import { Age } from "../../parts/Age.tsx";
import { Bytes } from "../../parts/Bytes.tsx";
import { Digest } from "../../parts/Digest.tsx";
import { FetchProgress } from "../../parts/FetchProgress.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { ImageStateBadge } from "../../parts/ImageStateBadge.tsx";
import { Button } from "../../ui/Button.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";

/** What an {@link ImageVersion} takes. */
export interface ImageVersionProps {
  image: CatalogueImage;
  /** Why this person can't change it. */
  refused: string | undefined;
  onTag: () => void;
  onDelete: () => void;
}

/** One version of an image: what the server found in it, and what keeps machines from booting it. */
export function ImageVersion({ image, refused, onTag, onDelete }: ImageVersionProps): ReactElement {
  const { name, version, tags, failure, progress, facts } = image;
  return (
    <section aria-label={versionText(name, version)} className="border-line flex flex-col gap-3 rounded-md border p-3">
      <div className="flex flex-wrap items-center gap-2">
        <h2 className="foreign">{versionText(name, version)}</h2>
        <ImageStateBadge image={image} />
        {tags.map((tag) => (
          <Chip key={tag}>{tag}</Chip>
        ))}
        <span className="ml-auto flex flex-wrap gap-2">
          <Button
            icon="tag"
            refused={refused ?? (image.state === ImageState.READY ? undefined : "it is not ready")}
            onClick={onTag}
            aria-label={`Tags of ${versionText(name, version)}`}
          >
            Tags
          </Button>
          <Button icon="trash" refused={refused} onClick={onDelete} aria-label={`Delete ${versionText(name, version)}`}>
            Delete
          </Button>
        </span>
      </div>
      {progress === undefined ? null : <FetchProgress progress={progress} name={versionText(name, version)} />}
      {failure === "" ? null : (
        <>
          <Said tone="text-bad" icon="cross" text={failure} />
          {image.state === ImageState.FAILED ? (
            <p className="text-sm">Nothing is tried again by itself: once the cause is gone, add a version.</p>
          ) : null}
        </>
      )}
      {facts?.problems
        .filter((problem) => problem !== failure)
        .map((problem) => (
          <Said key={problem} tone="text-warn" icon="warning" text={problem} />
        ))}
      {facts?.notes.map((note) => (
        <Said key={note} tone="text-dim" icon="info" text={note} />
      ))}
      <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1 text-sm">
        <Fact title="Address">
          <ForeignText text={image.url} mono />
        </Fact>
        <Fact title="Digest">{image.digest === "" ? "not known yet" : <Digest digest={image.digest} />}</Fact>
        <Fact title="Signature">{image.isSigned ? "checked" : "none is demanded"}</Fact>
        {facts === undefined ? null : <FactsOf facts={facts} />}
        <Fact title="Added">
          <Age at={image.createdAt} /> by <ForeignText text={image.createdBy} />
        </Fact>
      </dl>
      {facts === undefined || facts.partitions.length === 0 ? null : <Partitions facts={facts} name={name} />}
    </section>
  );
}

function FactsOf({ facts }: { facts: ImageFacts }): ReactElement {
  return (
    <>
      <Fact title="Format">
        <ForeignText
          text={[facts.format, facts.compression].filter((word) => word !== "" && word !== "none").join(", ")}
        />
      </Fact>
      <Fact title="Size">
        <Bytes bytes={facts.packedBytes} /> to fetch, <Bytes bytes={facts.unpackedBytes} /> on the disk
      </Fact>
      <Fact title="Boots by">{facts.bootsBy.length === 0 ? "nothing that was found" : facts.bootsBy.join(", ")}</Fact>
      <Fact title="Architecture">{facts.architectures.length === 0 ? "unknown" : facts.architectures.join(", ")}</Fact>
      <Fact title="Root file system">{facts.rootFileSystem === "" ? "unknown" : facts.rootFileSystem}</Fact>
      <Fact title="cloud-init">{facts.cloudInit.replaceAll("-", " ")}</Fact>
    </>
  );
}

function Fact({ title, children }: { title: string; children: ReactNode }): ReactElement {
  return (
    <>
      <dt className="text-dim">{title}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}

function Said({ tone, icon, text }: { tone: string; icon: "cross" | "warning" | "info"; text: string }): ReactElement {
  return (
    <p className={`flex gap-2 text-sm ${tone}`}>
      <Icon name={icon} />
      <ForeignText text={text} />
    </p>
  );
}

function Partitions({ facts, name }: { facts: ImageFacts; name: string }): ReactElement {
  return (
    <details>
      <summary className="text-sm">
        {facts.partitions.length} {facts.partitions.length === 1 ? "partition" : "partitions"},{" "}
        {facts.partitionTable === "none" ? "no table" : facts.partitionTable}
      </summary>
      <Table caption={`Partitions of ${name}`} rows={facts.partitions.length}>
        <TableHead>
          <TableHeading number>Number</TableHeading>
          <TableHeading>Type</TableHeading>
          <TableHeading>File system</TableHeading>
          <TableHeading number>Size</TableHeading>
        </TableHead>
        <tbody>
          {facts.partitions.map((partition, index) => (
            <TableRow key={partition.number} index={index}>
              <TableCell number>{partition.number}</TableCell>
              <TableCell label="Type">
                <ForeignText text={partition.type} />
              </TableCell>
              <TableCell label="File system">
                {partition.fileSystem === "" ? "unknown" : partition.fileSystem}
              </TableCell>
              <TableCell label="Size" number>
                <Bytes bytes={partition.sizeBytes} />
              </TableCell>
            </TableRow>
          ))}
        </tbody>
      </Table>
    </details>
  );
}
