import { useEffect, useRef } from "react";
import { useLocation, useSearchParams } from "react-router";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { dialogOfEntry } from "./dialog-entry.ts";
import { commandClose, commandOpen, useOpenCommand } from "./open-command.ts";

/** Opens the install dialog of a machine where the address ends in `?install`; nothing else is drawn. */
export function InstallByAddress({ machine }: { machine: Machine }): null {
  const [search, setSearch] = useSearchParams();
  const isOpen = useOpenCommand() !== undefined;
  // The dialog's own entry in the history goes first; then the address loses its end.
  const isEntered = dialogOfEntry(useLocation().state) !== undefined;
  const wanted = search.has("install");
  const dialog = useRef<"none" | "opening" | "open">("none");
  useEffect(() => {
    if (wanted && dialog.current === "none") {
      dialog.current = "opening";
      commandOpen("install", { kind: "machines", machines: [machine] });
    } else if (!wanted && dialog.current !== "none") {
      dialog.current = "none";
      commandClose();
    }
  }, [wanted, machine]);
  useEffect(() => {
    if (isOpen && dialog.current === "opening") {
      dialog.current = "open";
    } else if (!isOpen && !isEntered && dialog.current === "open" && wanted) {
      const next = new URLSearchParams(search);
      next.delete("install");
      setSearch(next, { replace: true });
    }
  }, [isOpen, isEntered, wanted, search, setSearch]);
  return null;
}
