import type { ReactElement } from "react";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { toneTexts } from "../../ui/Chip.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { lookLines } from "./look-lines.ts";

/** The lines of a check: what works and what does not, with what to do. */
export function LookLines({ result }: { result: Record<string, unknown> }): ReactElement {
  return (
    <ul className="flex flex-col gap-2">
      {lookLines(result).map(({ ok, what, remedy }) => (
        <li key={what} className="flex gap-2">
          <span className={ok ? toneTexts.good : toneTexts.bad}>
            <Icon name={ok ? "check" : "cross"} />
          </span>
          <span className="min-w-0">
            <span className="unseen">{ok ? "works: " : "does not work: "}</span>
            <ForeignText text={what} lines />
            {remedy === "" ? null : (
              <span className="text-dim block">
                <ForeignText text={remedy} lines />
              </span>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
