import { useState, type ReactElement } from "react";
import { Link } from "react-router";
import type { Provider } from "../../../gen/farrier/operator/v1/provider_pb.ts";
import { useRole } from "../../commands/use-role.ts";
import { Age } from "../../parts/Age.tsx";
import { ForeignText } from "../../parts/ForeignText.tsx";
import { paths } from "../../paths.ts";
import { Button } from "../../ui/Button.tsx";
import { Chip } from "../../ui/Chip.tsx";
import { LookAgain } from "./LookAgain.tsx";
import { ProviderDoubts } from "./ProviderDoubts.tsx";

/** One provider: its machines, when it was last listed, and what is wrong. */
export function ProviderCard({ provider }: { provider: Provider }): ReactElement {
  const role = useRole();
  const [looking, setLooking] = useState(false);
  const { name, type, power, autostart, machines, vanished, listedAt, shepherd, trouble } = provider;
  const viewer = role === "viewer" ? "an operator can do this; you are a viewer" : undefined;
  const alone =
    shepherd === "" ? "no shepherd looks at this provider: start a shepherd that is configured with it" : undefined;
  const refused = viewer ?? alone;
  return (
    <article aria-label={name} className="border-line bg-surface flex flex-col gap-2 rounded-md border p-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <h3 className="font-semibold">{name}</h3>
        {type === name ? null : <span className="text-dim">{type}</span>}
        <Link to={paths.machines({ providers: [name] })} className="text-accent hover:underline">
          {machines.toLocaleString("en")} {machines === 1 ? "machine" : "machines"}
        </Link>
        {vanished === 0 ? null : <Chip tone="warn">{vanished.toLocaleString("en")} are gone from its list</Chip>}
        <span className="text-dim">
          {power ? "switches power" : "no power switch"}
          {autostart ? ", may switch off what runs" : ""}
        </span>
        <span className="text-dim">
          {type === "static" && listedAt === undefined ? (
            "its machines were added by hand"
          ) : (
            <>
              last listed <Age at={listedAt} none="never" />
            </>
          )}
        </span>
        {shepherd === "" ? null : (
          <span className="text-dim">
            by <ForeignText text={shepherd} mono />
          </span>
        )}
        <span className="ml-auto">
          <Button icon="recover" refused={refused} onClick={() => setLooking(true)}>
            Look again
          </Button>
        </span>
      </div>
      {trouble === undefined ? null : (
        <ul className="flex flex-col gap-1">
          {trouble.unreachable === "" ? null : (
            <li>
              <Chip tone="bad">can't be listed</Chip> since <Age at={trouble.unreachableSince} />:{" "}
              <ForeignText text={trouble.unreachable} lines />
            </li>
          )}
          {trouble.held === "" ? null : (
            <li>
              <Chip tone="warn">its list is not believed</Chip> since <Age at={trouble.heldSince} />:{" "}
              <ForeignText text={trouble.held} lines />
              <ProviderDoubts provider={name} refused={viewer} />
            </li>
          )}
          {trouble.problems.map((problem) => (
            <li key={problem}>
              <Chip tone="warn">not taken from its list</Chip> <ForeignText text={problem} lines />
            </li>
          ))}
          {trouble.otherSettings.map((other) => (
            <li key={other}>
              <Chip tone="warn">other settings</Chip> the shepherd <ForeignText text={other} mono /> has other settings
              for it, and leaves it alone: give all shepherds the same file
            </li>
          ))}
        </ul>
      )}
      {looking ? <LookAgain provider={name} onClose={() => setLooking(false)} /> : null}
    </article>
  );
}
