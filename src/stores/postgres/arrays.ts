/**
 * Rows on their way to the server: a column is an array in the binary form of the protocol, so that a whole batch
 * is one statement over `unnest`, whatever its size. As text, an array costs three times as much here and there.
 *
 * It stops at bytes: what the columns mean stands in `batch.ts`.
 */

/** What a column holds. */
export type ColumnType = 'text' | 'json' | 'int' | 'long' | 'float';

/** Numbers of the types in every Postgres. */
const ELEMENT = { text: 25, json: 114, int: 23, long: 20, float: 701 } as const satisfies Record<ColumnType, number>;
const HEADER = 20;
/** UTF-8 needs no more than this for each UTF-16 unit. */
const BYTES = 3;
/** So many numbers the lower half of a `bigint` has. */
const LOW = 2 ** 32;

class Column {
  readonly #type: ColumnType;
  #bytes = Buffer.allocUnsafe(256);
  #end = HEADER;

  constructor(type: ColumnType) {
    this.#type = type;
  }

  push(value: string | number | null): void {
    if (value === null) {
      this.#room(4);
      this.#end = this.#bytes.writeInt32BE(-1, this.#end);
    } else if (typeof value === 'string') {
      this.#room(4 + value.length * BYTES);
      const length = this.#bytes.write(value, this.#end + 4);
      this.#end = this.#bytes.writeInt32BE(length, this.#end) + length;
    } else if (this.#type === 'int') {
      this.#room(8);
      this.#end = this.#bytes.writeInt32BE(value, this.#bytes.writeInt32BE(4, this.#end));
    } else if (this.#type === 'long') {
      this.#room(12);
      const high = this.#bytes.writeInt32BE(Math.floor(value / LOW), this.#bytes.writeInt32BE(8, this.#end));
      this.#end = this.#bytes.writeUInt32BE(value >>> 0, high);
    } else {
      this.#room(12);
      this.#end = this.#bytes.writeDoubleBE(value, this.#bytes.writeInt32BE(8, this.#end));
    }
  }

  /** The array with `length` elements in it. */
  array(length: number): Buffer {
    const bytes = this.#bytes;
    const dimensions = length === 0 ? 0 : 1;
    // Dimensions, whether there may be nulls, type; then length and first index of the only dimension.
    for (const [at, number] of [dimensions, 1, ELEMENT[this.#type], length, 1].entries())
      bytes.writeInt32BE(number, at * 4);
    return bytes.subarray(0, dimensions === 0 ? 12 : this.#end);
  }

  #room(size: number): void {
    if (this.#end + size <= this.#bytes.length) return;
    const more = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#end + size));
    this.#bytes.copy(more, 0, 0, this.#end);
    this.#bytes = more;
  }
}

/** Rows that are sent together, one array for each column. */
export class Rows {
  readonly #columns: readonly Column[];
  #length = 0;

  constructor(types: readonly ColumnType[]) {
    this.#columns = types.map((type) => new Column(type));
  }

  push(...values: readonly (string | number | null)[]): void {
    for (const [index, column] of this.#columns.entries()) column.push(values[index] as string | number | null);
    this.#length += 1;
  }

  arrays(): readonly Buffer[] {
    return this.#columns.map((column) => column.array(this.#length));
  }
}
