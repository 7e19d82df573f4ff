/** Checks an image's bytes against a signature while they are fetched. */
export interface SignatureCheck {
  update(chunk: Buffer): void;
  /** Whether the signature matches the bytes. To be called once. */
  holds(): boolean;
}
