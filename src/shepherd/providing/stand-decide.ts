import type { Standing } from "../../database/queries/provider/provider-standing.ts";

/** What a shepherd does about a provider that it is configured with. */
export type Stand =
  /** It lists the provider, and works on its machines. */
  | "look"
  /** Another shepherd with the same settings lists it; this one works on its machines too. */
  | "work"
  /** A shepherd with other settings has it: this one leaves it alone, because the two could act against each other. */
  | "aside";

/** Decides it by who has the provider now; `undefined` if the database does not have it yet. Pure. */
export function standDecide(standing: Standing | undefined): Stand {
  if (standing?.own === true) {
    return "look";
  }
  return standing?.same === true ? "work" : "aside";
}
