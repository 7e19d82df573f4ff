import { type Cause, type ExplainFacts, recordTitle } from "../facts.ts";

/** What of its provider's list keeps the machine from moving: a list that is not believed, a controller that is only named. Pure. */
export function listingCauses({ doubt, controllerWanted, record }: ExplainFacts): Cause[] {
  const provider = record.provided?.provider ?? "?";
  return [
    ...(doubt === undefined ? [] : [{ kind: "provider-held" as const, text: doubtText(doubt, provider) }]),
    ...(controllerWanted === undefined
      ? []
      : [
          {
            kind: "controller-wanted" as const,
            text: `its provider ${provider} names controller ${controllerWanted.url}, which is not its own yet: ${wantedText(controllerWanted)}`,
          },
        ]),
  ];
}

function doubtText({ since, cause, machine }: NonNullable<ExplainFacts["doubt"]>, provider: string): string {
  const work = `the work of its provider ${provider} stops since ${since.toISOString()}, because the provider's list is not believed: ${cause}`;
  if (machine === undefined) {
    return work;
  }
  return `${work}; this machine is one of those that ${machine === "gone" ? "are gone" : "are others"}`;
}

function wantedText({ trusted, failure }: NonNullable<ExplainFacts["controllerWanted"]>): string {
  if (!trusted) {
    return "nobody has accepted its certificate";
  }
  return failure === undefined ? "a shepherd reads it soon" : failure.cause;
}

/** What an operator can do about it. Pure. */
export function listingRemedies({ doubt, controllerWanted, record }: ExplainFacts): string[] {
  const provider = record.provided?.provider ?? "?";
  return [
    ...(doubt === undefined
      ? []
      : [
          `see which machines it is about: \`farrier provider show ${provider}\`; mend the list, or if it is right: \`farrier provider accept ${provider}\``,
        ]),
    ...(controllerWanted === undefined || controllerWanted.trusted
      ? []
      : [`look at its certificate and accept it: \`${addCommand(controllerWanted, recordTitle(record))}\``]),
  ];
}

/** The command shows the certificate first, and says how to accept it. */
function addCommand(
  { url, credential, system }: NonNullable<ExplainFacts["controllerWanted"]>,
  machine: string,
): string {
  const quoted = (text: string): string =>
    /^[\w@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
  const which = system === undefined ? "" : ` --system ${quoted(system)}`;
  return `farrier bmc add ${quoted(url)} --credential ${quoted(credential)} --machine ${machine}${which}`;
}
