import { spawn } from "node:child_process";
import { pipeline } from "node:stream/promises";
import { errorCode } from "../../../lib/errors.ts";
import { AgentError, cleanText } from "../../errors.ts";
import { collect, programEnvironment, programMissing } from "../../disk/program.ts";
import type { Program } from "../../disk/program.ts";

// Enough for the strongest preset (-9, 65 MiB) and reasonable settings beyond it.
const memoryMost = "512MiB";
const toldMost = 300;
const program: Program = "xz";

/**
 * Unpacks with the program xz, because Node has no xz. When it returns or throws, the program is gone and `sink` has
 * ended.
 * @throws what `source` or `sink` throws; {AgentError} `image_invalid` if the bytes are not xz; `program_failed`
 * without xz
 */
export async function unxzInto(
  source: AsyncIterable<Buffer>,
  sink: (chunks: AsyncIterable<Buffer>) => Promise<void>,
): Promise<void> {
  const args = ["--decompress", "--stdout", "--format=xz", `--memlimit-decompress=${memoryMost}`];
  const child = spawn(program, args, { stdio: "pipe", env: programEnvironment() });
  const said = collect(child.stderr);
  const ended = new Promise<unknown>((resolve) => {
    child.once("error", (cause) => resolve(programMissing(program, cause)));
    child.once("close", (code, signal) =>
      resolve(
        code === 0
          ? undefined
          : new AgentError(
              "image_invalid",
              `the image cannot be unpacked as xz: ${cleanText(said(), toldMost) || `xz ended with ${code ?? signal}`}`,
            ),
      ),
    );
  });
  // If one direction fails, the program is ended, which ends the other.
  const failed = (error: unknown): unknown => {
    child.kill("SIGKILL");
    return error;
  };
  const fed = pipeline(source, child.stdin).then(() => undefined, failed);
  const sunk = sink(child.stdout as AsyncIterable<Buffer>).then(
    () => undefined,
    (error: unknown) => {
      // Unread output would keep the program from ever counting as ended.
      child.stdout.destroy();
      return failed(error);
    },
  );
  const [feeding, sinking, ending] = await Promise.all([fed, sunk, ended]);
  // A program that ended early closes its input: the reason is its message. A killed one has no message.
  const closed = ["EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE"].includes(errorCode(feeding) ?? "");
  const reason = sinking ?? (closed ? undefined : feeding) ?? ending ?? feeding;
  if (reason !== undefined) {
    throw reason;
  }
}
