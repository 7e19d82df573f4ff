import type { ReactElement } from "react";
import { Button } from "../ui/Button.tsx";
import { copyText } from "../ui/copy-text.ts";
import { Menu } from "../ui/Menu.tsx";
import { toast } from "../ui/Toast.tsx";
import type { PreparedCommand } from "./prepared.ts";

/** Copies what is about to be sent as lines of the command line, or as curl calls. @param commands made when it is chosen */
export function CopyAs({
  commands,
  refused,
}: {
  commands: () => readonly PreparedCommand[];
  refused?: string | undefined;
}): ReactElement {
  const copy = async (what: "cli" | "curl"): Promise<void> => {
    const text = commands()
      .map((command) => command[what])
      .join("\n");
    const done = await copyText(text);
    toast(done ? "good" : "bad", done ? "Copied" : "The browser refused to copy");
  };
  return (
    <Menu
      trigger={
        <Button kind="quiet" icon="copy">
          Copy as
        </Button>
      }
      entries={[
        { label: "farrier command", onChoose: () => void copy("cli"), refused },
        { label: "curl call", onChoose: () => void copy("curl"), refused },
      ]}
    />
  );
}
