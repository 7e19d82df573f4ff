import { timestampDate } from "@bufbuild/protobuf/wkt";
import { ImageState, type CatalogueImage, type ImageFetchProgress } from "../../../gen/farrier/operator/v1/image_pb.ts";
import { imageStateWords } from "../../contract/words/image-state.ts";
import { versionText } from "../../contract/catalogue/catalogue-reference.ts";
import { wordOf } from "../../contract/words/table.ts";
import { bytesText, exactBytesText } from "../../lib/format/bytes.ts";
import { when } from "./describe.ts";
import { until } from "./until.ts";

/** NAME@VERSION. */
export function imageTitle({ name, version }: Pick<CatalogueImage, "name" | "version">): string {
  return versionText(name, version);
}

/** The word for an image's state; a later control plane may have more. */
export function imageStateWord(state: ImageState): string {
  return wordOf(imageStateWords, state) ?? `state ${String(state)}`;
}

/** How far fetching is, such as "unpacking 1.20 GB of 2.40 GB". */
export function imageProgressWords(progress: ImageFetchProgress, now: Date): string {
  const { phase, bytesDone, bytesTotal, nextAt } = progress;
  if (nextAt !== undefined) {
    return timestampDate(nextAt) > now ? `waiting, next try ${until(nextAt)}` : "waiting for a server";
  }
  const of = bytesTotal === 0n ? "" : ` of ${bytesText(bytesTotal)}`;
  return bytesDone === 0n ? phase : `${phase} ${bytesText(bytesDone)}${of}`;
}

function cachedWords({ cachedAt, isPublic }: CatalogueImage): string {
  const where = cachedAt.length === 0 ? "wanted, and in no cache yet" : `at ${cachedAt.join(", ")}`;
  return isPublic ? `${where}; anybody may fetch it there` : where;
}

/** An image's lines for people. */
export function imageLines(image: CatalogueImage, now: Date): string {
  const lines: string[] = [];
  const line = (title: string, value: string): void => {
    if (value !== "") {
      lines.push(`${title.padEnd(16)}${value}\n`);
    }
  };
  const { facts, progress } = image;
  line("image", imageTitle(image));
  line("state", imageStateWord(image.state));
  line("tags", image.tags.join(", "));
  line("url", image.url);
  line("digest", image.digest);
  line("signed", image.isSigned ? "yes, and checked" : "no signature asked for");
  line("cached", image.isCached ? cachedWords(image) : "");
  if (progress !== undefined) {
    line("progress", imageProgressWords(progress, now));
    line("tries", progress.attempts > 1 ? String(progress.attempts) : "");
  }
  line(image.state === ImageState.FAILED ? "failed" : "last error", image.failure);
  if (facts !== undefined) {
    line("format", `${facts.format}${facts.compression === "none" ? "" : `, packed with ${facts.compression}`}`);
    line("file", exactBytesText(facts.packedBytes, bytesText));
    line("on the disk", exactBytesText(facts.unpackedBytes, bytesText));
    line("partitions", facts.partitionTable);
    for (const { number, sizeBytes, type, fileSystem } of facts.partitions) {
      line(
        number === 0 ? "" : `  ${number}`,
        [bytesText(sizeBytes), type, fileSystem].filter((word) => word !== "").join(", "),
      );
    }
    line("boots by", facts.bootsBy.join(", ") || "no firmware");
    line("for", facts.architectures.join(", "));
    line("root", facts.rootFileSystem);
    line("cloud-init", facts.cloudInit.replaceAll("-", " "));
    facts.problems.forEach((problem) => line("problem", problem));
    facts.notes.forEach((note) => line("note", note));
  }
  line("added", `${when(image.createdAt, now)} by ${image.createdBy}`);
  line("ready", image.readyAt === undefined ? "" : when(image.readyAt, now));
  return lines.join("");
}
