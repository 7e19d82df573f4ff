import type { ReactElement } from "react";
import { callFailure } from "../api/failure.ts";
import { ErrorBox } from "../ui/ErrorBox.tsx";

/** What an {@link RpcError} takes. */
export interface RpcErrorProps {
  /** What could not be done: "The machine can't be shown". */
  title: string;
  error: unknown;
  onRetry?: (() => void) | undefined;
}

/** A failed call, in place of what it was for; with a report that can be copied. */
export function RpcError({ title, error, onRetry }: RpcErrorProps): ReactElement {
  const { message, code, id } = callFailure(error);
  const report = (): string =>
    [
      title,
      message,
      `code: ${code}`,
      ...(id === undefined ? [] : [`id: ${id}`]),
      `page: ${globalThis.location.pathname}`,
      `time of the browser: ${new Date().toISOString()}`,
      ...(code === "fault" && error instanceof Error ? [error.stack ?? ""] : []),
    ].join("\n");
  return <ErrorBox title={title} message={message} code={code} id={id} report={report} onRetry={onRetry} />;
}
