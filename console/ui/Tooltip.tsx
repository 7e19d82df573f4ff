import {
  cloneElement,
  useEffect,
  useId,
  useState,
  type ReactElement,
  type ReactNode,
  type SyntheticEvent,
} from "react";
import { createPortal } from "react-dom";

/** Milliseconds for which the pointer rests on something before its words come. */
const pause = 500;
/** Milliseconds in which the pointer gets from it to its words, which stay while it is on them. */
const way = 150;
/** Pixels between it and its words, and between those and the window's edge. */
const space = 6;

/** The properties of an element that {@link Tooltip} listens with. */
interface Listening {
  "aria-describedby"?: string | undefined;
  onPointerEnter?: (event: SyntheticEvent) => void;
  onPointerLeave?: (event: SyntheticEvent) => void;
  onPointerDown?: (event: SyntheticEvent) => void;
  onFocus?: (event: SyntheticEvent) => void;
  onBlur?: (event: SyntheticEvent) => void;
}

/** Words about `children` (one element that takes the focus) while the pointer or the keyboard's focus is on it. */
export function Tooltip({ text, children }: { text: ReactNode; children: ReactElement<Listening> }): ReactElement {
  const [anchor, setAnchor] = useState<Element>();
  const [{ soon, stay, close }] = useState(() => later(setAnchor));
  const id = useId();
  useEffect(() => stay, [stay]);
  const { props } = children;
  return (
    <>
      {cloneElement(children, {
        "aria-describedby": anchor === undefined ? props["aria-describedby"] : id,
        onPointerEnter: (event) => (props.onPointerEnter?.(event), soon(event.currentTarget, pause)),
        onPointerLeave: (event) => (props.onPointerLeave?.(event), soon(undefined, way)),
        onPointerDown: (event) => (props.onPointerDown?.(event), close()),
        onFocus: (event) => {
          props.onFocus?.(event);
          if (event.currentTarget.matches(":focus-visible")) {
            soon(event.currentTarget, 0);
          }
        },
        onBlur: (event) => (props.onBlur?.(event), close()),
      })}
      {anchor === undefined ? null : (
        <Words id={id} anchor={anchor} onEnter={stay} onLeave={() => soon(undefined, way)} onClose={close}>
          {text}
        </Words>
      )}
    </>
  );
}

/** Calls `set` after a while, unless something else was asked for since. */
function later(set: (anchor: Element | undefined) => void): {
  soon: (anchor: Element | undefined, after: number) => void;
  stay: () => void;
  close: () => void;
} {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stay = (): void => clearTimeout(timer);
  const soon = (anchor: Element | undefined, after: number): void => {
    stay();
    timer = setTimeout(() => set(anchor), after);
  };
  return { soon, stay, close: () => soon(undefined, 0) };
}

/** What {@link Words} takes. */
interface WordsProps {
  id: string;
  anchor: Element;
  onEnter: () => void;
  onLeave: () => void;
  /** Called for Esc, and where what it is about moves away. */
  onClose: () => void;
  children: ReactNode;
}

function Words({ id, anchor, onEnter, onLeave, onClose, children }: WordsProps): ReactNode {
  useEffect(() => {
    const ending = new AbortController();
    const options = { capture: true, signal: ending.signal };
    globalThis.addEventListener(
      "keydown",
      (event) => {
        if (event.key === "Escape") {
          // It closes the words alone, and not the dialog that they stand in.
          event.stopPropagation();
          onClose();
        }
      },
      options,
    );
    globalThis.addEventListener("scroll", onClose, options);
    return () => ending.abort();
  }, [onClose]);
  return createPortal(
    <div
      role="tooltip"
      id={id}
      data-popup=""
      ref={(popup) => (popup === null ? undefined : place(popup, anchor))}
      onPointerEnter={onEnter}
      onPointerLeave={onLeave}
      className="foreign bg-text text-page fixed z-50 max-w-80 rounded-md px-2 py-1 text-xs whitespace-pre-line"
    >
      {children}
    </div>,
    document.body,
  );
}

/** Puts it below its anchor, or above where there is no room; wholly within the window. */
function place(popup: HTMLElement, anchor: Element): void {
  const { top, bottom, left, width } = anchor.getBoundingClientRect();
  const own = popup.getBoundingClientRect();
  const below = bottom + space + own.height <= innerHeight;
  popup.style.top = `${below ? bottom + space : Math.max(0, top - space - own.height)}px`;
  popup.style.left = `${Math.max(space, Math.min(left + (width - own.width) / 2, innerWidth - own.width - space))}px`;
}
