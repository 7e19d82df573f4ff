// Keys, and what they do: pages add theirs while they are shown, and `?` lists what there is.
import { useEffect, useSyncExternalStore } from "react";
import { preference } from "./preferences.ts";

/** A key, or two one after the other. */
export interface Shortcut {
  /** As KeyboardEvent.key has it: "j", "X", "Enter", "Ctrl+k"; two with a blank between: "g m". */
  keys: string;
  /** What it does, for the list of keys. */
  words: string;
  run: (event: KeyboardEvent) => void;
}

/** Milliseconds in which the second of two keys has to come. */
const second = 1_500;

let registered: readonly (readonly Shortcut[])[] = [];
let flat: readonly Shortcut[] = [];
const listeners = new Set<() => void>();
let before: { key: string; at: number } | undefined;

/** Adds keys while a component is shown; of the same keys, those that were added last count. Keep the list in a memo. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  useEffect(() => {
    registeredSet([...registered, shortcuts]);
    return () => registeredSet(registered.filter((one) => one !== shortcuts));
  }, [shortcuts]);
}

/** All keys that do something now; those of the page first. */
export function useAllShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => flat,
  );
}

/** Listens to the keyboard; returns what ends it. */
export function shortcutsListen(): () => void {
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}

function registeredSet(next: readonly (readonly Shortcut[])[]): void {
  registered = next;
  const all = registered.toReversed().flat();
  flat = all.filter((one, index) => all.findIndex(({ keys }) => keys === one.keys) === index);
  listeners.forEach((listener) => listener());
}

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.metaKey || event.altKey) {
    return;
  }
  const key = event.ctrlKey ? `Ctrl+${event.key.toLowerCase()}` : event.key;
  const target = event.target instanceof Element ? event.target : document.body;
  if (!event.ctrlKey && isTaken(target, key)) {
    return;
  }
  const two = before !== undefined && event.timeStamp - before.at < second ? `${before.key} ${key}` : undefined;
  const found = flat.find(({ keys }) => keys === two) ?? flat.find(({ keys }) => keys === key);
  before = found === undefined && key.length === 1 ? { key, at: event.timeStamp } : undefined;
  if (found !== undefined) {
    event.preventDefault();
    found.run(event);
  }
}

/** Whether what has the focus wants the key itself, or the person does not want single letters. */
function isTaken(target: Element, key: string): boolean {
  if (target.closest("[role=dialog], [role=menu], [role=alertdialog], [role=listbox]") !== null) {
    return true;
  }
  if (target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]")) {
    return true;
  }
  if ((key === "Enter" || key === " ") && target.matches("a, button, summary, [role=tab]")) {
    return true;
  }
  return key.length === 1 && key !== "?" && preference("keys") === "off";
}
