import { useEffect, useRef } from "react";
import { useSearchParams } from "react-router";
import type { Machine } from "../../gen/farrier/operator/v1/machine_pb.ts";
import { commandClose, commandOpen, useOpenCommand } from "./open-command.ts";

/** Opens the install dialog of a machine where the address ends in `?install`; nothing else is drawn. */
export function InstallByAddress({ machine }: { machine: Machine }): null {
  const [search, setSearch] = useSearchParams();
  const open = useOpenCommand();
  const wanted = search.has("install");
  const opened = useRef<string>(undefined);
  useEffect(() => {
    if (wanted && opened.current === undefined) {
      commandOpen("install", { kind: "machines", machines: [machine] });
      opened.current = machine.id;
    } else if (!wanted && opened.current !== undefined) {
      opened.current = undefined;
      commandClose();
    }
  }, [wanted, machine]);
  useEffect(() => {
    if (open === undefined && wanted && opened.current !== undefined) {
      const next = new URLSearchParams(search);
      next.delete("install");
      setSearch(next, { replace: true });
    }
  }, [open, wanted, search, setSearch]);
  return null;
}
