/** Limits concurrency, in order of arrival. */
export interface Gate {
  /** Calls `start` when there is room, possibly at once. Each entry must call `leave` once. */
  enter(start: (leave: () => void) => void): void;
}

/** Makes a gate for `room` entries. */
export function gate(room: number): Gate {
  const waiting: ((leave: () => void) => void)[] = [];
  let inside = 0;
  const admit = (start: (leave: () => void) => void): void => {
    inside += 1;
    let left = false;
    start(() => {
      if (!left) {
        left = true;
        inside -= 1;
        const next = waiting.shift();
        if (next !== undefined) {
          admit(next);
        }
      }
    });
  };
  return {
    enter: (start) => {
      if (inside < room) {
        admit(start);
      } else {
        waiting.push(start);
      }
    },
  };
}
