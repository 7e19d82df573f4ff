/** An answer of the simulated controller before it is sent. */
export interface SimulatedAnswer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Absent = no body. */
  body?: unknown;
}

/** An error as Redfish has it. */
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
