import { useMemo, useRef, type ReactElement } from "react";
import { useShortcuts, type Shortcut } from "../layout/shortcuts.ts";
import { Button } from "../ui/Button.tsx";
import { copyText } from "../ui/copy-text.ts";
import { Menu } from "../ui/Menu.tsx";
import { toast } from "../ui/Toast.tsx";
import type { PreparedCommand } from "./prepared.ts";

/** What a {@link CopyAs} takes. */
export interface CopyAsProps {
  /** What is about to be sent, or what lists what is shown; made when it is chosen. */
  commands: () => readonly Pick<PreparedCommand, "cli" | "curl">[];
  /** Why nothing can be copied yet. */
  refused?: string | undefined;
  /** Why there is no line of the command line for it. */
  cliRefused?: string | undefined;
  /** What else can be copied: the entry's words, and what makes the text. */
  more?: readonly { label: string; text: () => string }[];
  /** The key `c` opens the menu: for one menu a page. */
  byKey?: boolean;
}

const noKeys: readonly Shortcut[] = [];

/** Copies what is about to be sent, or what is shown, as lines of the command line, as curl calls, or in another form. */
export function CopyAs({ commands, refused, cliRefused, more = [], byKey = false }: CopyAsProps): ReactElement {
  const place = useRef<HTMLSpanElement>(null);
  const shortcuts = useMemo(
    () => [{ keys: "c", words: "copy as", run: () => place.current?.querySelector("button")?.click() }],
    [],
  );
  useShortcuts(byKey ? shortcuts : noKeys);
  const copy = async (text: string): Promise<void> => {
    const done = await copyText(text);
    toast(done ? "good" : "bad", done ? "Copied" : "The browser refused to copy");
  };
  const lines = (what: "cli" | "curl"): string =>
    commands()
      .map((command) => command[what])
      .join("\n");
  return (
    <span ref={place}>
      <Menu
        trigger={
          <Button kind="quiet" icon="copy">
            Copy as
          </Button>
        }
        entries={[
          { label: "farrier command", onChoose: () => void copy(lines("cli")), refused: refused ?? cliRefused },
          { label: "curl call", onChoose: () => void copy(lines("curl")), refused },
          ...more.map(({ label, text }) => ({ label, onChoose: () => void copy(text()), refused })),
        ]}
      />
    </span>
  );
}
