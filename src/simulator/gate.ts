/** Lets so many through at a time, in the order in which they came. */
export interface Gate {
  /** Calls `start` when there is room, at once where there is; whoever came in must `leave`, once. */
  enter(start: (leave: () => void) => void): void;
}

/** Makes one for so many. */
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
