const drawn = Promise.withResolvers<void>();

/** Notes that a page is drawn, and so has asked for what it needs. */
export function pageDrawn(): void {
  drawn.resolve();
}

/** Resolves once the first page is drawn: what the frame around it needs is asked for after that. */
export async function firstPageDrawn(): Promise<void> {
  await drawn.promise;
}
