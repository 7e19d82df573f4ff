import type { ReactElement } from "react";
import { Link } from "react-router";
import type { RolloutMachine, RolloutWave } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { durationText } from "../../../src/lib/format/duration.ts";
import { printable } from "../../../src/lib/format/printable.ts";
import { RolloutCounts } from "../../parts/RolloutCounts.tsx";
import { rolloutMachineLook } from "../../parts/rollout-looks.ts";
import { paths } from "../../paths.ts";
import { Button } from "../../ui/Button.tsx";
import { toneGrounds } from "../../ui/Chip.tsx";
import { classes } from "../../ui/classes.ts";
import { Icon } from "../../ui/Icon.tsx";

/** Machines of a wave up to which each cell has its name. */
const namedMost = 60;

/** What {@link Waves} take. */
export interface WavesProps {
  waves: readonly RolloutWave[];
  /** Those that were read, in their order. */
  machines: readonly RolloutMachine[];
  /** Reads more; undefined where all are there, or no more can be drawn. */
  onMore: (() => void) | undefined;
  busy: boolean;
}

/** The waves of a rollout, with a cell for each machine. */
export function Waves({ waves, machines, onMore, busy }: WavesProps): ReactElement {
  return (
    <section aria-labelledby="waves" className="flex flex-col gap-4">
      <h2 id="waves">{waves.length === 1 ? "One wave" : `${waves.length} waves`}</h2>
      {waves.map((wave) => (
        <Wave key={wave.wave} wave={wave} machines={machines.filter((machine) => machine.wave === wave.wave)} />
      ))}
      {onMore === undefined ? null : (
        <Button className="self-start" busy={busy} onClick={onMore}>
          Show more machines
        </Button>
      )}
    </section>
  );
}

function Wave({ wave, machines }: { wave: RolloutWave; machines: readonly RolloutMachine[] }): ReactElement {
  const all = wave.counts?.machines ?? 0;
  const title = `wave-${wave.wave}`;
  return (
    <section aria-labelledby={title} className="flex flex-col gap-1.5">
      <h3 id={title} className="text-sm font-medium">
        Wave {wave.wave}
        <span className="text-dim font-normal">
          {" "}
          {all.toLocaleString("en")} {all === 1 ? "machine" : "machines"}
          {wave.expectedSeconds === 0 ? "" : `, about ${durationText(wave.expectedSeconds * 1_000)}`}
        </span>
      </h3>
      <RolloutCounts counts={wave.counts} />
      <ul
        aria-label={`Machines of wave ${wave.wave}`}
        className={
          all > namedMost ? "flex flex-wrap gap-1" : "grid grid-cols-[repeat(auto-fill,minmax(7rem,1fr))] gap-1"
        }
      >
        {machines.map((machine) => (
          <li key={machine.machineId}>
            <Cell machine={machine} named={all <= namedMost} />
          </li>
        ))}
      </ul>
      {machines.length === all ? null : (
        <p className="text-dim text-sm">
          {machines.length.toLocaleString("en")} of them are drawn; the table below has all.
        </p>
      )}
    </section>
  );
}

/** A machine: its state by icon and colour, and in words for screen readers and the pointer. */
function Cell({ machine, named }: { machine: RolloutMachine; named: boolean }): ReactElement {
  const { word, icon, tone } = rolloutMachineLook(machine);
  const name = printable(machine.name === "" ? machine.machineId : machine.name);
  const words = `${name}: ${word}${machine.cause === "" ? "" : `, ${machine.cause}`}`;
  return (
    <Link
      data-chip=""
      to={paths.machine(machine.machineId)}
      aria-label={words}
      title={words}
      className={classes(
        "flex h-7 items-center gap-1 rounded-sm text-xs hover:outline hover:outline-line-strong",
        named ? "px-1.5" : "w-7 justify-center",
        toneGrounds[tone],
      )}
    >
      <Icon name={icon} size={13} />
      {named ? <span className="foreign clip-line">{name}</span> : null}
    </Link>
  );
}
