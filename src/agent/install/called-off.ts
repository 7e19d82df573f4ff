/** Why an installation stops without a result: the control plane has written one, or does not want to hear it. */
export class CalledOff extends Error {
  /** The agent's key was refused, rather than the generation called off. */
  readonly refused: boolean;

  constructor(message: string, refused: boolean) {
    super(message);
    this.name = "CalledOff";
    this.refused = refused;
  }
}
