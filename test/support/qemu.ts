import { LabError } from "../../src/lab/errors.ts";
import { labPrograms } from "../../src/lab/programs.ts";

/** Why lab machines can't run on this host, or undefined where they can; for `context.skip`. */
export async function qemuMissing(): Promise<string | undefined> {
  try {
    await labPrograms("uefi");
    return undefined;
  } catch (error) {
    if (error instanceof LabError && error.code === "program_missing") {
      return error.message;
    }
    throw error;
  }
}
