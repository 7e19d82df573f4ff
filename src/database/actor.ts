/** The kinds of actors; `system` is Farrier itself, following a rule. */
export const actorKinds = ["agent", "operator", "component", "system"] as const;

/** Who did what a history entry records. */
export interface Actor {
  kind: (typeof actorKinds)[number];
  /** A name for people: the beginning of a key, an operator's name, or a component and its host. */
  name: string;
}

/** Farrier itself, following a rule. */
export const system: Actor = { kind: "system", name: "farrier" };
