import { AgentError } from "../../errors.ts";

/** An error that may pass in a moment: worth another try. */
export class TransientError extends AgentError {
  /** Milliseconds that the server asks to wait. */
  readonly wait: number;

  constructor(
    code: AgentError["code"],
    message: string,
    options?: ConstructorParameters<typeof AgentError>[2] & { wait?: number },
  ) {
    super(code, message, options);
    this.wait = options?.wait ?? 0;
  }
}
