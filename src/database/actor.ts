/** Who did what history records. */
export interface Actor {
  kind: "agent" | "operator" | "component" | "system";
  /** A name for people: the start of a key, an operator's name, a component and its host. */
  name: string;
}

/** Farrier itself, by rule. */
export const system: Actor = { kind: "system", name: "farrier" };
