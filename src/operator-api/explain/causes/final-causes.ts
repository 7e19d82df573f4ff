import { runsExhausted } from "../../../database/heartbeat/heartbeat-fragments.ts";
import type { Cause, ExplainFacts } from "../facts.ts";

/** The result of the newest request, if it was not a success. Pure. */
export function finalCauses({ record }: ExplainFacts): Cause[] {
  const final = record.installation?.final;
  if (record.installation === undefined || record.installation.pending || final === undefined) {
    return [];
  }
  const { generation } = record.installation;
  switch (final.result) {
    case "success":
      return [];
    case "cancelled":
      return [
        { kind: "cancelled", text: `generation ${generation} was cancelled: ${final.error ?? "no reason given"}` },
      ];
    case "error": {
      const error = final.error ?? "no reason given";
      return [{ kind: errorKind(error), text: `generation ${generation} failed: ${error}` }];
    }
  }
}

/** Classifies an agent's or the server's error by its words; they are Farrier's own. */
function errorKind(error: string): Cause["kind"] {
  if (error === runsExhausted) {
    return "runs-exhausted";
  }
  if (/has the digest sha256:/u.test(error)) {
    return "wrong-digest";
  }
  return /disks? match(?:es)? |which disk to write/u.test(error) ? "disk-selector" : "installation-error";
}
