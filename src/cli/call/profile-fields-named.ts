import { fieldsNamed } from "./flags-named.ts";

/** Fields of a profile that its file calls otherwise. */
const fileNames: Readonly<Record<string, string>> = {
  root_disk: "disk",
  "retry.initial_seconds": "retry.initial",
  "retry.maximum_seconds": "retry.maximum",
  "expect.within_seconds": "expect.within",
};

/**
 * Replaces the names of message fields in a server's error with those of a profile's file, and the values that were
 * given. `input` is the message that was sent. Pure.
 */
export function profileFieldsNamed(message: string, input: object): string {
  return fieldsNamed(message, input, (_, fields) => {
    const inFile = fields[0] === "spec" ? fields.slice(1) : fields;
    const known = fileNames[inFile.join(".")] ?? fileNames[inFile[0] ?? ""];
    return known ?? inFile.join(".");
  });
}
