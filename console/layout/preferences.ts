// What a person has chosen in this browser; nothing of it is known to the server.
import { useSyncExternalStore } from "react";

/** The preferences, each with the value that it has before anything was chosen. */
const defaults = {
  /** "system", "light" or "dark"; public/before.js reads it too. */
  theme: "system",
  /** Single letters as keys: "on" or "off". */
  keys: "on",
  /** Names of the columns of machines that are hidden, separated by blanks. */
  hiddenColumns: "",
};

/** The name of a preference. */
export type Preference = keyof typeof defaults;

const listeners = new Set<() => void>();

/** A preference's value. */
export function preference(name: Preference): string {
  try {
    return localStorage.getItem(`farrier.${name}`) ?? defaults[name];
  } catch {
    // Storage is switched off.
    return defaults[name];
  }
}

/** The same, kept current. */
export function usePreference(name: Preference): string {
  return useSyncExternalStore(subscribe, () => preference(name));
}

/** Changes a preference in every tab. */
export function preferenceSet(name: Preference, value: string): void {
  try {
    localStorage.setItem(`farrier.${name}`, value);
  } catch {
    // Storage is switched off: it holds for nothing.
  }
  if (name === "theme") {
    themeApply(value);
  }
  listeners.forEach((listener) => listener());
}

function themeApply(theme: string): void {
  if (theme === "system") {
    delete document.documentElement.dataset["theme"];
  } else {
    document.documentElement.dataset["theme"] = theme;
  }
}

function subscribe(listener: () => void): () => void {
  const changed = (): void => {
    themeApply(preference("theme"));
    listener();
  };
  listeners.add(listener);
  globalThis.addEventListener("storage", changed);
  return () => {
    listeners.delete(listener);
    globalThis.removeEventListener("storage", changed);
  };
}
