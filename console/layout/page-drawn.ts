const drawn = Promise.withResolvers<void>();

/** Notes that a page is drawn, and so has made its first calls. */
export function pageDrawn(): void {
  drawn.resolve();
}

/** Resolves once the first page is drawn: the frame around it makes its own calls after that. */
export async function firstPageDrawn(): Promise<void> {
  await drawn.promise;
}
