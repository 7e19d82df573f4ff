import type { Logger } from "../../lib/log.ts";
import type { Fetched } from "./fetch/fetch.ts";
import { foreignEndBytes, foreignFormatAtEnd } from "./image/foreign-format.ts";
import { foreignRefused, imageLookBytes } from "./image/image-look.ts";

/**
 * Refuses, before anything is written, an image in an unsupported format that only its end shows. If the end can't be
 * fetched before the rest (a packed image, a server without range requests), the log says that it is checked later.
 * @param of `head`: the image's first bytes, unpacked, at most {@link imageLookBytes}; `packed`: the file is not the
 * image itself
 * @throws {AgentError} `unsupported`
 */
export async function endCheck(of: {
  head: Buffer;
  packed: boolean;
  fetched: Pick<Fetched, "lastBytes">;
  file: string;
  log: Logger;
}): Promise<void> {
  const { head, packed, fetched, file, log } = of;
  // The whole image has been received.
  const whole = head.length < imageLookBytes;
  const end = whole
    ? { kind: "bytes" as const, bytes: head }
    : packed
      ? { kind: "unknown" as const, why: "it is packed" }
      : await fetched.lastBytes(foreignEndBytes);
  if (end.kind === "unknown") {
    log.info(
      `the image's last bytes can't be looked at before it is written (${end.why}): whether it is a VHD or DMG container shows at its end`,
    );
    return;
  }
  const foreign = foreignFormatAtEnd(end.bytes, file);
  if (foreign !== undefined) {
    throw foreignRefused(foreign);
  }
}
