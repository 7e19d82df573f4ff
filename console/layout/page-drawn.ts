const drawn = Promise.withResolvers<void>();

/** Notes that a page is drawn, and so has made its first calls. */
export function pageDrawn(): void {
  drawn.resolve();
}

/** Resolves once the first page can be seen: what is around it is loaded, and makes its own calls, after that. */
export async function firstPageDrawn(): Promise<void> {
  await drawn.promise;
  if (!document.hidden) {
    // A task after a frame: the browser has painted by then.
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  }
}
