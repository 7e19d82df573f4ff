import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LabError } from "../errors.ts";

/** Bytes that are fetched at once: controllers read a medium piece by piece. */
const piece = 4 << 20;
/** Maximum size in bytes: a DVD. */
const sizeMost = 8 * 2 ** 30;
/** Milliseconds for one answer. */
const patience = 60_000;

/** A fetched medium. Disposing it deletes the file. */
export interface FetchedMedium extends AsyncDisposable {
  file: string;
}

/** Fetches a medium by ranges into a temporary file. @throws {LabError} `medium_unusable` */
export async function mediumFetch(url: string): Promise<FetchedMedium> {
  const folder = await mkdtemp(join(tmpdir(), "farrier-lab-medium-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  const path = join(folder, "medium.iso");
  try {
    await using file = await open(path, "wx", 0o600);
    const size = await sizeOf(url);
    for (let at = 0; at < size; at += piece) {
      const last = Math.min(at + piece, size) - 1;
      const response = await fetch(url, { ...limited(), headers: { range: `bytes=${at}-${last}` } });
      const length = Number(response.headers.get("content-length"));
      if (response.status !== 206 || length !== last - at + 1) {
        // It may be the whole medium, which is not read into memory.
        await response.body?.cancel();
        throw unusable(`a range of it is answered with ${response.status} and ${length} bytes`);
      }
      await file.writeFile(Buffer.from(await response.arrayBuffer()));
    }
  } catch (error) {
    await remove();
    throw error instanceof LabError ? error : unusable("its server does not answer", error);
  }
  return { file: path, [Symbol.asyncDispose]: remove };
}

async function sizeOf(url: string): Promise<number> {
  const { status, headers } = await fetch(url, { ...limited(), method: "HEAD" });
  const size = Number(headers.get("content-length"));
  if (status !== 200 || !(size > 0 && size <= sizeMost)) {
    throw unusable(`its server answers ${status}, with ${size} bytes`);
  }
  return size;
}

function limited(): RequestInit {
  return { signal: AbortSignal.timeout(patience), redirect: "error" };
}

/** The URL is not repeated, because its path may be a secret. */
function unusable(why: string, cause?: unknown): LabError {
  return new LabError("medium_unusable", `the medium can't be fetched: ${why}`, cause === undefined ? {} : { cause });
}
