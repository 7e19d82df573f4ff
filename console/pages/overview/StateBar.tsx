import type { ReactElement } from "react";
import { Link } from "react-router";
import { machineStateLook, machineStateOrder } from "../../parts/machine-state-looks.ts";
import { paths } from "../../paths.ts";
import { toneFills, toneTexts } from "../../ui/Chip.tsx";
import { classes } from "../../ui/classes.ts";
import { Icon } from "../../ui/Icon.tsx";

/** Machines by state as one bar, with a number and a link for each state. */
export function StateBar({
  machines,
  states,
}: {
  machines: bigint;
  states: Readonly<Record<string, bigint>>;
}): ReactElement {
  const shown = machineStateOrder.flatMap((state) => {
    const look = machineStateLook(state);
    const count = states[look.word] ?? 0n;
    return count === 0n ? [] : [{ ...look, count }];
  });
  return (
    <section aria-labelledby="by-state" className="flex flex-col gap-2">
      <h2 id="by-state">
        {machines.toLocaleString("en")} {machines === 1n ? "machine" : "machines"}
      </h2>
      <div aria-hidden="true" className="flex h-5 w-full gap-px overflow-hidden rounded-sm">
        {shown.map(({ word, tone, count }) => (
          <div
            key={word}
            data-fill=""
            className={classes("h-full min-w-1", toneFills[tone])}
            style={{ flexGrow: Number(count), flexBasis: 0 }}
            title={`${count.toLocaleString("en")} ${word}`}
          />
        ))}
      </div>
      <ul className="flex flex-wrap gap-x-5 gap-y-1">
        {shown.map(({ word, icon, tone, count }) => (
          <li key={word}>
            <Link
              to={paths.machines({ states: [word] })}
              className="inline-flex min-h-7 items-center gap-1.5 hover:underline"
            >
              <span className={toneTexts[tone]}>
                <Icon name={icon} size={14} />
              </span>
              <strong>{count.toLocaleString("en")}</strong> <span className="text-dim">{word}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
