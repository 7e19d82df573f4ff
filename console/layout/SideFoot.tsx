import { useEffect, useState, type ReactNode } from "react";
import { useQuery } from "@connectrpc/connect-query";
import { AccessService } from "../../gen/farrier/operator/v1/access_pb.ts";
import { roleWords } from "../../src/contract/words/role.ts";
import { wordOf } from "../../src/contract/words/table.ts";
import { ForeignText } from "../parts/ForeignText.tsx";
import { Button } from "../ui/Button.tsx";
import { classes } from "../ui/classes.ts";
import { firstPageDrawn } from "./page-drawn.ts";
import { preferenceSet, usePreference } from "./preferences.ts";

const themes = ["system", "light", "dark"] as const;

/** Below the navigation: who is signed in, the theme, and the list of keys. */
export function SideFoot({ open, onKeys }: { open: boolean; onKeys: () => void }): ReactNode {
  // After what the page itself has to read.
  const [later, setLater] = useState(false);
  useEffect(() => void firstPageDrawn().then(() => setLater(true)), []);
  const { data } = useQuery(AccessService.method.whoAmI, {}, { enabled: later });
  const theme = usePreference("theme");
  return (
    <div className={classes("text-dim flex-col gap-2 px-3 pb-3 text-xs lg:mt-auto lg:flex", open ? "flex" : "hidden")}>
      {data === undefined ? null : (
        <p>
          <ForeignText text={data.name} className="text-text" />, {wordOf(roleWords, data.role)}
        </p>
      )}
      <label className="flex items-center gap-2">
        Theme
        <select
          value={theme}
          onChange={({ target }) => preferenceSet("theme", target.value)}
          className="border-line-strong bg-surface text-text min-h-7 rounded-md border px-1"
        >
          {themes.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <Button kind="quiet" className="self-start" onClick={onKeys}>
        Keys
      </Button>
    </div>
  );
}
