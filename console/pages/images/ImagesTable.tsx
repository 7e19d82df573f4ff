import type { ReactElement } from "react";
import { Link } from "react-router";
import type { CatalogueImage } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { Age } from "../../parts/Age.tsx";
import { Bytes } from "../../parts/Bytes.tsx";
import { FetchProgress } from "../../parts/FetchProgress.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { ImageStateBadge } from "../../parts/ImageStateBadge.tsx";
import { paths } from "../../paths.ts";
import { Chip } from "../../ui/Chip.tsx";
import { Table, TableCell, TableHead, TableHeading, TableRow } from "../../ui/Table.tsx";

/** The images of the catalogue, each with its newest version. @param more there are more than these */
export function ImagesTable({ images, more }: { images: readonly CatalogueImage[]; more: boolean }): ReactElement {
  return (
    <>
      <Table caption="Images of the catalogue" rows={more ? "unknown" : images.length} className="phone-cards">
        <TableHead>
          <TableHeading>State</TableHeading>
          <TableHeading>Image</TableHeading>
          <TableHeading>What was found</TableHeading>
          <TableHeading number>On the disk</TableHeading>
          <TableHeading>Boots by</TableHeading>
          <TableHeading>cloud-init</TableHeading>
          <TableHeading>Added</TableHeading>
        </TableHead>
        <tbody>
          {images.map((image, index) => (
            <ImageRow key={image.name} image={image} index={index} />
          ))}
        </tbody>
      </Table>
      {more ? (
        <p className="text-dim mt-2 text-sm">The first {images.length} are shown: farrier image list has all.</p>
      ) : null}
    </>
  );
}

function ImageRow({ image, index }: { image: CatalogueImage; index: number }): ReactElement {
  const { name, version, tags, facts, progress, failure, createdAt, createdBy } = image;
  return (
    <TableRow index={index}>
      <TableCell>
        <ImageStateBadge image={image} />
      </TableCell>
      <TableCell label="Image">
        <span className="flex flex-wrap items-center gap-1">
          <Link to={paths.image(name)} className="text-accent font-medium hover:underline">
            <ForeignText text={`${name}@${version}`} />
          </Link>
          {tags.map((tag) => (
            <Chip key={tag}>{tag}</Chip>
          ))}
        </span>
      </TableCell>
      <TableCell label="Found" className="max-w-md">
        {progress === undefined ? null : <FetchProgress progress={progress} name={name} />}
        {failure === "" ? null : <ForeignText text={failure} className="text-bad line-clamp-2" />}
        {facts === undefined || failure !== "" ? null : (
          <ImageSummary problems={facts.problems} words={formWords(image)} />
        )}
      </TableCell>
      <TableCell label="On the disk" number>
        {facts === undefined ? null : <Bytes bytes={facts.unpackedBytes} />}
      </TableCell>
      <TableCell label="Boots by">{facts?.bootsBy.join(", ")}</TableCell>
      <TableCell label="cloud-init">{facts?.cloudInit.replaceAll("-", " ")}</TableCell>
      <TableCell label="Added">
        <Age at={createdAt} /> by <ForeignText text={createdBy} />
      </TableCell>
    </TableRow>
  );
}

function ImageSummary({ problems, words }: { problems: readonly string[]; words: string }): ReactElement {
  const [problem] = problems;
  return problem === undefined ? (
    <ForeignText text={words} className="text-dim" />
  ) : (
    <ForeignText text={problem} className="text-warn line-clamp-2" />
  );
}

/** "qcow2, gpt, ext4, x86_64". Pure. */
function formWords({ facts }: CatalogueImage): string {
  return [
    facts?.format,
    facts?.compression === "none" ? "" : facts?.compression,
    facts?.partitionTable,
    facts?.rootFileSystem,
  ]
    .concat(facts?.architectures ?? [])
    .filter((word) => word !== undefined && word !== "")
    .join(", ");
}
