import { Toast as BaseToast } from "@base-ui/react/toast";
import type { ReactElement, ReactNode } from "react";
import { Button } from "./Button.tsx";
import { classes } from "./classes.ts";
import { Icon } from "./Icon.tsx";

/** How something went. */
export type ToastTone = "good" | "bad" | "info";

const manager = BaseToast.createToastManager();

const looks: Record<ToastTone, { icon: "check" | "cross" | "info"; colour: string }> = {
  good: { icon: "check", colour: "text-good" },
  bad: { icon: "cross", colour: "text-bad" },
  info: { icon: "info", colour: "text-busy" },
};

/** Says something at the edge of the page. What failed stays until it is closed; the rest goes after eight seconds. */
export function toast(tone: ToastTone, title: string, more?: ReactNode): void {
  manager.add({
    title,
    description: more,
    type: tone,
    timeout: tone === "bad" ? 0 : 8_000,
    priority: tone === "bad" ? "high" : "low",
  });
}

/** Where toasts appear; once, around the whole page. */
export function Toasts({ children }: { children: ReactNode }): ReactElement {
  return (
    <BaseToast.Provider toastManager={manager} limit={4}>
      {children}
      <BaseToast.Portal>
        <BaseToast.Viewport className="fixed right-3 bottom-12 z-50 flex w-[min(24rem,calc(100vw-1.5rem))] flex-col gap-2">
          <ToastList />
        </BaseToast.Viewport>
      </BaseToast.Portal>
    </BaseToast.Provider>
  );
}

function ToastList(): ReactElement {
  const { toasts } = BaseToast.useToastManager();
  return (
    <>
      {toasts.map((shown) => {
        const look = looks[(shown.type ?? "info") as ToastTone];
        return (
          <BaseToast.Root
            key={shown.id}
            toast={shown}
            swipeDirection="right"
            data-popup=""
            className="rounded-md border border-line bg-raised p-3 text-sm"
          >
            <div className="flex items-start gap-2">
              <span className={classes("pt-0.5", look.colour)}>
                <Icon name={look.icon} />
              </span>
              <div className="foreign min-w-0 grow">
                <BaseToast.Title className="font-medium" />
                <BaseToast.Description className="text-dim" />
              </div>
              <BaseToast.Close render={<Button kind="quiet" icon="close" aria-label="Close this message" />} />
            </div>
          </BaseToast.Root>
        );
      })}
    </>
  );
}
