import { requiredFlag } from "../flags/flag.ts";

/** `--secret-file`: where a secret is read. */
export const secretFileFlag = requiredFlag(
  "File with the secret, or - for standard input; one line end is cut off",
  "FILE",
);
