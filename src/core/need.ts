/**
 * Rows on demand. Of a parent with a great many children a run that is read back knows how many there are in which state, and no
 * more. A turn that needs what they have left behind says so by throwing this: it has not been, whoever took it reads the
 * rows, and takes the message again (messages may be taken twice, I5).
 */
export class RowsNeeded extends Error {
  /** The path of the parent whose children are to be read. */
  readonly parent: string;

  constructor(parent: string) {
    super(`The rows below "${parent}" were not read, and are needed.`);
    this.parent = parent;
  }
}
