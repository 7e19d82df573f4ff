import type { ReactElement, ReactNode } from "react";
import { Link } from "react-router";
import type { MachineExplainResponse } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { CliCopy } from "./CliCopy.tsx";
import { ForeignText } from "./ForeignText.tsx";
import { paths } from "../paths.ts";
import { remedyParts, remedyRollout, type RemedyAction } from "./remedy.ts";

/** What an {@link Explain} takes. */
export interface ExplainProps {
  machine: { id: string; name: string };
  explanation: MachineExplainResponse;
  /** The button of a remedy that is a command of the console; undefined leaves the command to be copied. */
  button?: (action: RemedyAction, command: string) => ReactNode;
}

/** Why a machine makes no progress: what it waits for, what is in its way, and what an operator can do. */
export function Explain({ machine, explanation, button }: ExplainProps): ReactElement {
  const { waitingFor, causes, lastError, remedies, standing } = explanation;
  return (
    <dl className="grid grid-cols-[minmax(5.5rem,max-content)_1fr] gap-x-4 gap-y-1.5 text-sm">
      <Line term="waits for">{waitingFor === "" ? "nothing" : <ForeignText text={waitingFor} />}</Line>
      {causes.length === 0 ? null : (
        <Line term="because">
          <ul className="flex flex-col gap-1">
            {causes.map(({ text }) => (
              <li key={text}>
                <ForeignText text={text} />
              </li>
            ))}
          </ul>
        </Line>
      )}
      {lastError === "" ? null : (
        <Line term="last error">
          <ForeignText text={lastError} lines className="text-bad" />
        </Line>
      )}
      {standing === undefined || standing.nextStep === "" ? null : (
        <Line term="next">
          <ForeignText text={standing.nextStep} />
        </Line>
      )}
      <Line term="you can">
        <ul className="flex flex-col gap-1.5">
          {remedies.map((remedy) => (
            <li key={remedy}>
              <Remedy remedy={remedy} machine={machine} button={button} />
            </li>
          ))}
        </ul>
      </Line>
    </dl>
  );
}

function Line({ term, children }: { term: string; children: ReactNode }): ReactElement {
  return (
    <>
      <dt className="text-dim">{term}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  );
}

function Remedy({
  remedy,
  machine,
  button,
}: { remedy: string } & Pick<ExplainProps, "machine"> & { button: ExplainProps["button"] }): ReactElement {
  return (
    <span className="flex flex-wrap items-center gap-x-1.5 gap-y-1">
      {remedyParts(remedy, machine).map(({ kind, text, action }) => {
        if (kind === "text") {
          return <ForeignText key={text} text={text} />;
        }
        const pressed = action === undefined ? undefined : button?.(action, text);
        const rollout = remedyRollout(text);
        return (
          <span key={text} className="inline-flex max-w-full flex-wrap items-center gap-1">
            {pressed}
            {rollout === undefined ? null : (
              <Link to={paths.rollout(rollout)} className="text-accent hover:underline">
                <ForeignText text={`Rollout ${rollout}`} />
              </Link>
            )}
            <CliCopy command={text} />
          </span>
        );
      })}
    </span>
  );
}
