import type { ReactNode } from "react";
import { preferenceSet, usePreference } from "../../layout/preferences.ts";
import { Button } from "../../ui/Button.tsx";
import { Menu } from "../../ui/Menu.tsx";
import { listColumns } from "./columns.tsx";
import { hiddenNames } from "./use-columns.ts";

/** Shows and hides columns. */
export function ColumnsMenu(): ReactNode {
  const hidden = hiddenNames(usePreference("hiddenColumns"));
  return (
    <Menu
      trigger={<Button icon="down">Columns</Button>}
      entries={listColumns
        .filter(({ always }) => always !== true)
        .map(({ name, title }) => {
          const off = hidden.includes(name);
          const next = off ? hidden.filter((one) => one !== name) : [...hidden, name];
          return {
            label: off ? `Show ${title}` : `Hide ${title}`,
            onChoose: () => preferenceSet("hiddenColumns", next.length === 0 ? "none" : next.join(" ")),
          };
        })}
    />
  );
}
