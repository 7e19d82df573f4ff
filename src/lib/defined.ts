/** The values without those that are undefined, for optional properties that may only be left out. Pure. */
export function defined<Values extends object>(
  values: Values,
): { [Name in keyof Values]?: Exclude<Values[Name], undefined> } {
  const found: { [Name in keyof Values]?: Exclude<Values[Name], undefined> } = {};
  for (const name in values) {
    if (values[name] !== undefined) {
      found[name] = values[name] as Exclude<Values[typeof name], undefined>;
    }
  }
  return found;
}

/** The values without those that are null, as columns of a row may be. Pure. */
export function present<Values extends object>(values: Values): { [Name in keyof Values]?: NonNullable<Values[Name]> } {
  const found: { [Name in keyof Values]?: NonNullable<Values[Name]> } = {};
  for (const name in values) {
    if (values[name] !== undefined && values[name] !== null) {
      found[name] = values[name];
    }
  }
  return found;
}
