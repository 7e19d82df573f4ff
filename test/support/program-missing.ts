import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { errorCode } from "../../src/lib/errors.ts";

/** Why a program can't be started here, for `context.skip`; undefined = it can. @param debianPackage what to install */
export async function programMissing(program: string, debianPackage: string): Promise<string | undefined> {
  try {
    await promisify(execFile)(program, ["--version"]);
    return undefined;
  } catch (error) {
    // Whatever else it says to --version, it is there.
    return errorCode(error) === "ENOENT"
      ? `${program} is not installed: on Debian, \`apt-get install ${debianPackage}\``
      : undefined;
  }
}
