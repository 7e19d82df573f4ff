import type { ReactNode } from "react";

/** Keys as they are printed on a keyboard. */
export function Keys({ keys }: { keys: string }): ReactNode {
  const parts = keys.split(" ").map((part) => (/^[A-Z]$/u.test(part) ? `Shift ${part.toLowerCase()}` : part));
  return (
    <span className="whitespace-nowrap">
      {parts
        .flatMap((part) => part.split(/[+ ]/u))
        .map((part, index) => (
          <kbd
            // The same key may come twice.
            key={`${part} ${String(index)}`}
            className="border-line-strong mr-1 inline-block min-w-5 rounded border px-1 text-center font-mono text-xs"
          >
            {part === "Escape" ? "Esc" : part}
          </kbd>
        ))}
    </span>
  );
}
