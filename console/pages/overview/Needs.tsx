import type { ReactElement } from "react";
import { Link } from "react-router";
import type { FleetNeed } from "../../../gen/farrier/operator/v1/fleet_pb.ts";
import { Age } from "../../parts/Age.tsx";
import { paths } from "../../paths.ts";
import { toneTexts } from "../../ui/Chip.tsx";
import { Icon } from "../../ui/Icon.tsx";
import { needWords } from "./need-words.ts";

/** What needs somebody: how many, since when, and where to see it. */
export function Needs({ needs }: { needs: readonly FleetNeed[] }): ReactElement {
  return (
    <section aria-labelledby="needs" className="flex flex-col gap-2">
      <h2 id="needs">Needs somebody</h2>
      {needs.length === 0 ? (
        <p className="inline-flex items-center gap-1.5">
          <span className={toneTexts.good}>
            <Icon name="check" />
          </span>
          Nothing does.
        </p>
      ) : (
        <ul className="border-line bg-surface divide-line flex flex-col divide-y rounded-md border">
          {needs.map(({ kind, count, oldest }) => {
            const words = needWords(kind);
            return (
              <li
                key={kind}
                className="grid grid-cols-[1.25rem_minmax(0,1fr)] gap-x-2 px-3 py-2 sm:grid-cols-[1.25rem_minmax(0,2fr)_minmax(0,2fr)_9rem]"
              >
                <span className={words === undefined ? "" : toneTexts[words.tone]}>
                  <Icon name={words?.icon ?? "info"} />
                </span>
                <Link to={words?.to ?? paths.machines()} className="hover:underline">
                  <strong>{count.toLocaleString("en")}</strong>{" "}
                  {words === undefined ? `of kind ${String(kind)}` : count === 1n ? words.one : words.many}
                </Link>
                <span className="text-dim col-start-2 sm:col-start-auto">{words?.todo}</span>
                <span className="text-dim col-start-2 whitespace-nowrap sm:col-start-auto sm:text-right">
                  {oldest === undefined ? null : (
                    <>
                      oldest <Age at={oldest} />
                    </>
                  )}
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
