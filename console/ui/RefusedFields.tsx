import { createContext, use, useEffect, useRef, useState, type ReactElement, type ReactNode } from "react";
import { flushSync } from "react-dom";

/** What a form knows about its fields as a whole. */
interface FormRefusal {
  /** It was to be sent although something was wrong: now empty fields say so too. */
  strict: boolean;
  /** What the server refused, until something is typed. */
  refusal: string | undefined;
}

const FormRefusalContext = createContext<FormRefusal>({ strict: false, refusal: undefined });

/** What is wrong with a field. */
export interface FieldError {
  /** "missing" = it is empty and needed. */
  error: string | undefined;
  /** Said only once the form was to be sent. */
  later: boolean;
  /** Its name in the call, such as root_disk; "*" = every field of the call is in this one. */
  name: string | undefined;
}

/** What a field says is wrong with it now. */
export function useFieldError({ error, later, name }: FieldError): string | undefined {
  const { strict, refusal } = use(FormRefusalContext);
  if (name !== undefined && isRefusedField(refusal, name)) {
    return refusal;
  }
  if (!strict && (later || error === "missing")) {
    return undefined;
  }
  return error === "missing" ? "This is needed." : error;
}

/** Whether a refusal of the server, which begins with a field's path, is about this field. Pure. */
function isRefusedField(refusal: string | undefined, name: string): boolean {
  const path = /^(?<path>[a-z][a-z_]*(?:[.[][^:\s]*)?): /u.exec(refusal ?? "")?.groups?.["path"];
  return (
    path !== undefined && (name === "*" || path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`))
  );
}

/**
 * The fields of a form and its buttons. Who presses a refused button, or sends by Enter what is not complete, is led to the
 * first field that is wrong: it is scrolled to, has the focus, and says what is wrong. So is who is refused by the server.
 * @param refusal what the server said of the last try
 */
export function RefusedFields({
  refusal,
  className = "contents",
  children,
}: {
  refusal?: string | undefined;
  className?: string;
  children: ReactNode;
}): ReactElement {
  const root = useRef<HTMLDivElement>(null);
  const [strict, setStrict] = useState(false);
  const [changed, setChanged] = useState(false);
  const [last, setLast] = useState(refusal);
  if (last !== refusal) {
    setLast(refusal);
    setChanged(false);
  }
  useEffect(() => {
    if (refusal !== undefined) {
      wrongFieldShow(root.current);
    }
  }, [refusal]);
  const check = (): void => {
    flushSync(() => setStrict(true));
    wrongFieldShow(root.current);
  };
  return (
    <FormRefusalContext value={{ strict, refusal: changed ? undefined : refusal }}>
      <div
        role="presentation"
        ref={root}
        className={className}
        onInput={() => setChanged(true)}
        onClick={({ target }) => {
          if (target instanceof Element && target.closest("[data-refused]") !== null) {
            check();
          }
        }}
        onSubmit={check}
      >
        {children}
      </div>
    </FormRefusalContext>
  );
}

/** Leads to the first field that is wrong; where none is, to what is said of the form as a whole. */
function wrongFieldShow(root: HTMLElement | null): void {
  const field = root?.querySelector<HTMLElement>("[aria-invalid=true]");
  for (let part = field?.parentElement; part !== null && part !== undefined; part = part.parentElement) {
    if (part instanceof HTMLDetailsElement) {
      part.open = true;
    }
  }
  // With its label above and its message below.
  const place = field?.closest("[data-field]") ?? root?.querySelector("[role=alert]");
  place?.scrollIntoView({ block: "nearest" });
  field?.focus({ preventScroll: true });
}
