import type { ReactElement } from "react";
import { Button } from "../ui/Button.tsx";
import type { InstallForm } from "./install-form.ts";

const ways = [
  ["image", "By an image's address"],
  ["profile", "By a profile"],
] as const;

/** Chooses whether the fields of an image count, or a profile. */
export function InstallBy({
  by,
  onChange,
}: {
  by: InstallForm["by"];
  onChange: (by: InstallForm["by"]) => void;
}): ReactElement {
  return (
    <div role="group" aria-label="What is installed" className="flex flex-wrap gap-2">
      {ways.map(([way, words]) => (
        <Button
          key={way}
          aria-pressed={by === way}
          kind={by === way ? "primary" : "plain"}
          onClick={() => onChange(way)}
        >
          {words}
        </Button>
      ))}
    </div>
  );
}
