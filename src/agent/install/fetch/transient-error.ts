import { AgentError } from "../../errors.ts";

/** What may be otherwise in a moment: worth another try. */
export class TransientError extends AgentError {
  /** Milliseconds that the other end asks to wait. */
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
