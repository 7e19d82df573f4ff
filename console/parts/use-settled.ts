import { useEffect, useState } from "react";

/** Milliseconds after the last change until a value counts. */
const quiet = 300;

/** The value, once it has not changed for 300 ms; before, the one before. */
export function useSettled<Value>(value: Value): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), quiet);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
