import type { ReactElement } from "react";
import { Link } from "react-router";
import { ForeignText } from "./ForeignText.tsx";
import { paths } from "../paths.ts";

/** A machine by its name, or its id if it has none, as a link to its page. */
export function MachineLink({ id, name }: { id: string; name: string }): ReactElement {
  return (
    <Link to={paths.machine(id)} className="text-accent hover:underline">
      <ForeignText text={name === "" ? id : name} />
    </Link>
  );
}
