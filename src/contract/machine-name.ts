/** A machine's name: a valid host name (the rule of the table's CHECK). A name that looks like a UUID is refused besides. */
export const machineNamePattern = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/u;

/** A label's key. */
export const labelKeyPattern = /^[a-z0-9](?:[a-z0-9._/-]{0,61}[a-z0-9])?$/u;
