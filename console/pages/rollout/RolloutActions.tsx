import { lazy, Suspense, useState, type ReactElement } from "react";
import { RolloutState, type Rollout, type RolloutMachine } from "../../../gen/farrier/operator/v1/rollout_pb.ts";
import { useRole } from "../../commands/use-role.ts";
import { Button } from "../../ui/Button.tsx";
import { rolloutCommands, rolloutOffers, type RolloutCommandName } from "./rollout-commands.ts";

const RolloutDialog = lazy(async () => ({ default: (await import("./RolloutDialog.tsx")).RolloutDialog }));

/** The buttons of a rollout: what can be done with it as it is. @param machines those that were read */
export function RolloutActions({
  rollout,
  machines,
}: {
  rollout: Rollout;
  machines: readonly RolloutMachine[];
}): ReactElement {
  const [open, setOpen] = useState<RolloutCommandName>();
  const refused = useRole() === "viewer" ? "an operator can do this; you are a viewer" : undefined;
  const isWaiting = rollout.state !== RolloutState.RUNNING;
  return (
    <span className="flex flex-wrap gap-2">
      {rolloutOffers(rollout).map((name, index) => (
        <Button
          key={name}
          kind={index === 0 && isWaiting ? "primary" : "plain"}
          icon={rolloutCommands[name].icon}
          refused={refused}
          onClick={() => setOpen(name)}
        >
          {rolloutCommands[name].title}
        </Button>
      ))}
      <Suspense>
        {open === undefined ? null : (
          <RolloutDialog name={open} rollout={rollout} machines={machines} onClose={() => setOpen(undefined)} />
        )}
      </Suspense>
    </span>
  );
}
