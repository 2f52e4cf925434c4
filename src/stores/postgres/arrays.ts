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

/** Texts up to here are written byte by byte, if they are ASCII: to have it done costs more than to do it. */
const SHORT = 64;

class Column {
  readonly #type: ColumnType;
  #bytes: Buffer;
  #view: DataView;
  #end = HEADER;
  /** How many nulls have come since the last value. */
  #nulls = 0;

  constructor(type: ColumnType, size: number) {
    this.#type = type;
    this.#bytes = Buffer.allocUnsafe(size);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, size);
  }

  /** How many bytes it has come to. */
  get size(): number {
    return this.#end;
  }

  push(value: string | number | null): void {
    if (value === null) this.#nulls += 1;
    else this.#write(value);
  }

  #write(value: string | number): void {
    this.#room(12 + 4 * this.#nulls);
    for (; this.#nulls > 0; this.#nulls -= 1) {
      this.#view.setInt32(this.#end, -1);
      this.#end += 4;
    }
    const at = this.#end;
    if (typeof value === 'string') {
      this.#room(4 + value.length * BYTES);
      const length = this.#short(value, at + 4) ? value.length : this.#bytes.write(value, at + 4);
      this.#view.setInt32(at, length);
      this.#end = at + 4 + length;
      return;
    }
    if (this.#type === 'int') {
      this.#view.setInt32(at, 4);
      this.#view.setInt32(at + 4, value);
      this.#end = at + 8;
    } else {
      this.#view.setInt32(at, 8);
      if (this.#type === 'float') this.#view.setFloat64(at + 4, value);
      else {
        this.#view.setInt32(at + 4, Math.floor(value / LOW));
        this.#view.setUint32(at + 8, value >>> 0);
      }
      this.#end = at + 12;
    }
  }

  /** The array of a column with `rows` rows, without the nulls at its end: `unnest` puts them there by itself, and most columns have nothing else. */
  array(rows: number): Buffer {
    const length = rows - this.#nulls;
    const dimensions = length === 0 ? 0 : 1;
    // Dimensions, whether there may be nulls, type; then length and first index of the only dimension.
    for (const [at, number] of [dimensions, 1, ELEMENT[this.#type], length, 1].entries())
      this.#view.setInt32(at * 4, number);
    return this.#bytes.subarray(0, dimensions === 0 ? 12 : this.#end);
  }

  /** Writes a text that is short and ASCII; false if it is not, and then what was written is nothing. */
  #short(value: string, from: number): boolean {
    const { length } = value;
    if (length > SHORT) return false;
    const bytes = this.#bytes;
    for (let at = 0; at < length; at += 1) {
      const code = value.charCodeAt(at);
      if (code > 0x7f) return false;
      bytes[from + at] = code;
    }
    return true;
  }

  #room(size: number): void {
    if (this.#end + size <= this.#bytes.length) return;
    const more = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#end + size));
    this.#bytes.copy(more, 0, 0, this.#end);
    this.#bytes = more;
    this.#view = new DataView(more.buffer, more.byteOffset, more.length);
  }
}

/** So many bytes a column has at first, and at the most if those before it were larger. */
const FIRST = 256;
const LARGE = 1024 * 1024;
const sizes = new WeakMap<readonly ColumnType[], number[]>();

/** Rows that are sent together, one array for each column. */
export class Rows {
  readonly #columns: readonly Column[];
  readonly #sizes: number[];
  #length = 0;

  constructor(types: readonly ColumnType[]) {
    // As large as those of the same columns before: the next batch is like the last one, and to grow is to copy.
    this.#sizes = sizes.get(types) ?? types.map(() => FIRST);
    sizes.set(types, this.#sizes);
    this.#columns = types.map((type, index) => new Column(type, this.#sizes[index] as number));
  }

  push(...values: readonly (string | number | null)[]): void {
    const columns = this.#columns;
    for (let index = 0; index < columns.length; index += 1) {
      (columns[index] as Column).push(values[index] as string | number | null);
    }
    this.#length += 1;
  }

  arrays(): readonly Buffer[] {
    return this.#columns.map((column, index) => {
      this.#sizes[index] = Math.min(Math.max(FIRST, column.size + 64), LARGE);
      return column.array(this.#length);
    });
  }
}
