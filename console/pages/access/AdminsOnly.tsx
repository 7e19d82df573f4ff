import type { ReactNode } from "react";
import type { RoleWord } from "../../../src/contract/words/role.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";

/** In place of what the caller's role does not show. */
export function AdminsOnly({ what, role }: { what: string; role: RoleWord }): ReactNode {
  return (
    <EmptyState title={`An admin can ${what}; you are ${role === "operator" ? "an operator" : "a viewer"}`}>
      <p>Ask an admin for a token with that role, and sign in with it.</p>
    </EmptyState>
  );
}
