/** Where machines come from. What a provider can't do is not there. */
export interface Provider {
  /** Its name in `provided`: [a-z][a-z0-9-]{0,31}. */
  name: string;
  /** Starts an agent on the machine; resolves once it was, rejects with the reason why not. */
  agentStart?(machine: { providerId: string }, signal: AbortSignal): Promise<void>;
}
