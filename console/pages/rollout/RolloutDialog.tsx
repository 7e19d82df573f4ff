import { useState, type ReactElement } from "react";
import { useNavigate } from "react-router";
import type { Rollout, RolloutMachine } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { randomId } from "../../api/random-id.ts";
import { OneCommandDialog } from "../../commands/OneCommandDialog.tsx";
import { TypedName } from "../../commands/TypedName.tsx";
import { paths } from "../../paths.ts";
import { rolloutCommands, type RolloutCommandName } from "./rollout-commands.ts";

/** What a {@link RolloutDialog} takes. */
export interface RolloutDialogProps {
  name: RolloutCommandName;
  rollout: Rollout;
  /** Those that were read. */
  machines: readonly RolloutMachine[];
  onClose: () => void;
}

/** The dialog of a command about a rollout. A start that overwrites installed systems wants the number of machines typed. */
export function RolloutDialog({ name, rollout, machines, onClose }: RolloutDialogProps): ReactElement {
  const [requestId] = useState(() => randomId());
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const { title, explains, prepare } = rolloutCommands[name];
  const going = (rollout.counts?.planned ?? 0) - (rollout.counts?.refused ?? 0);
  const overwritten = machines.filter(({ overwrites, refused }) => overwrites > 0n && refused === "").length;
  const known = machines.length >= (rollout.counts?.machines ?? 0);
  const wanted = name === "start" && (overwritten > 0 || !known) ? String(going) : undefined;
  const many = `${going.toLocaleString("en")} ${going === 1 ? "machine" : "machines"}`;
  return (
    <OneCommandDialog
      title={`${title}: ${rollout.name}`}
      button={name === "start" ? `Start ${rollout.name} on ${many}` : `${title} ${rollout.name}`}
      danger={name === "start" || name === "cancel" || name === "delete"}
      command={prepare(rollout.name, requestId)}
      refused={wanted === undefined || typed === wanted ? undefined : `type ${wanted} first`}
      unsaved={typed !== ""}
      onClose={onClose}
      onDone={() => (name === "delete" ? void navigate(paths.rollouts()) : undefined)}
    >
      <p className="text-dim">{explains}</p>
      {name === "start" ? (
        <p>
          {many} {going === 1 ? "gets" : "get"} {rollout.profile}, and what is on{" "}
          {going === 1 ? "its disk" : "their disks"} is erased.
        </p>
      ) : null}
      {wanted === undefined ? null : (
        <TypedName
          expected={wanted}
          why={
            known
              ? `Installed systems are overwritten on ${overwritten.toLocaleString("en")} of them. This can't be undone.`
              : "Installed systems may be overwritten on some of them. This can't be undone."
          }
          value={typed}
          onChange={setTyped}
        />
      )}
    </OneCommandDialog>
  );
}
