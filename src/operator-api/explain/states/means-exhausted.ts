import { meansPatience } from "../../../contract/boot-means.ts";
import { startFailureTitle } from "../causes/start-causes.ts";
import { isLeftRunning } from "../switched-by.ts";
import type { StepFacts } from "./state-words.ts";

/**
 * The means by which an agent could be started on the machine, in words, if each of them has failed as often as Farrier is
 * patient: then an operator has to act. They stand in the order in which recovery tries them, whichever failed last.
 * Undefined if one may work yet. Pure.
 */
export function meansExhausted({ record, startFailures = [] }: StepFacts): string | undefined {
  const failed = startFailures.filter(({ failures }) => failures >= meansPatience);
  const kinds = [
    ...(record.ssh === undefined ? [] : ["ssh-"]),
    ...(record.controller === undefined ? [] : ["controller-"]),
    ...(record.providing?.power === true ? ["provider-"] : []),
  ];
  const all =
    kinds.length > 0 &&
    failed.length === startFailures.length &&
    kinds.every((kind) => failed.some(({ means }) => means.startsWith(kind)));
  return all && !isLeftRunning(record)
    ? kinds
        .flatMap((kind) => failed.filter(({ means }) => means.startsWith(kind)))
        .map(({ means, failures }) => `${startFailureTitle(means)} (${failures} times)`)
        .join("; ")
    : undefined;
}
