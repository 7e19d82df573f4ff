/** Ends an installation without a result: the control plane has recorded a result already, or does not accept one. */
export class CalledOff extends Error {
  /** True if the agent's key was refused, false if the generation was called off. */
  readonly refused: boolean;

  constructor(message: string, refused: boolean) {
    super(message);
    this.name = "CalledOff";
    this.refused = refused;
  }
}
