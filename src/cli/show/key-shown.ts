/** Characters of a key that are shown: enough to identify it. */
export const keyShown = 16;
