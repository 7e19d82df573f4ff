/** An answer of the simulated controller. */
export interface SimulatedAnswer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** The body; absent = none. */
  body?: unknown;
}

/** An error in Redfish's format. */
export function errorAnswer(
  status: number,
  id: string,
  message: string,
  args: readonly string[] = [],
): SimulatedAnswer {
  const info = { MessageId: `Base.1.8.${id}`, Message: message, MessageArgs: args, Severity: "Critical" };
  return {
    status,
    body: { error: { code: "Base.1.8.GeneralError", message: "See ExtendedInfo.", "@Message.ExtendedInfo": [info] } },
  };
}
