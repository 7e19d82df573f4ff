import { Tabs as BaseTabs } from "@base-ui/react/tabs";
import { Suspense, type ReactElement, type ReactNode } from "react";
import { Skeleton } from "./Skeleton.tsx";

/** One tab of several. */
export interface TabEntry {
  value: string;
  label: ReactNode;
  /** Not made before the tab is chosen; its script may still be on its way then. */
  content: () => ReactNode;
}

/** What {@link Tabs} take. */
export interface TabsProps {
  label: string;
  tabs: readonly TabEntry[];
  value: string;
  onChange: (value: string) => void;
}

/** Tabs whose chosen one the caller keeps, as in the address. */
export function Tabs({ label, tabs, value, onChange }: TabsProps): ReactElement {
  return (
    <BaseTabs.Root value={value} onValueChange={(next: string) => onChange(next)}>
      <BaseTabs.List aria-label={label} className="flex gap-1 overflow-x-auto border-b border-line">
        {tabs.map((tab) => (
          <BaseTabs.Tab
            key={tab.value}
            value={tab.value}
            className="min-h-8 border-b-2 border-transparent px-3 text-sm whitespace-nowrap text-dim hover:text-text aria-selected:border-accent aria-selected:font-medium aria-selected:text-text"
          >
            {tab.label}
          </BaseTabs.Tab>
        ))}
      </BaseTabs.List>
      {tabs.map((tab) => (
        <BaseTabs.Panel key={tab.value} value={tab.value} className="pt-3">
          {tab.value === value ? <Suspense fallback={<Skeleton />}>{tab.content()}</Suspense> : null}
        </BaseTabs.Panel>
      ))}
    </BaseTabs.Root>
  );
}
