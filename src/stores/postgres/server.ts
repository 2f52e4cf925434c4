/**
 * The way to the server: connections, statements that are prepared once on each of them, and transactions. What a
 * connection can be told at its start stands here; what goes wrong with it is put in words by `words.ts`.
 */
import { Socket } from 'node:net';
import pg from 'pg';
import { systemClock } from '../../clock.ts';
import { InvalidOption } from '../../errors.ts';
import type { PostgresConnection } from './options.ts';
import type { Columns } from '../rows.ts';
import { usable } from './words.ts';

/**
 * How every connection of ours plans: prepared statements go by an index and are planned once. While a table is empty
 * the planner would choose to read all of it, and would still do so when there are millions of rows.
 */
const SETTINGS: readonly string[] = [
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'jit=off',
  // A database can have another one set for all who connect. With it, commits of two processes would fail each other.
  'default_transaction_isolation=read\\ committed',
];

/** Runs a statement, and answers with its rows. */
export type Ask = (text: string, ...values: readonly unknown[]) => Promise<readonly Columns[]>;

/** The way to one schema of one database. */
export class Server {
  /** What messages call it. There is nothing of a password in it. */
  readonly name: string;
  readonly #config: pg.PoolConfig;
  readonly #names = new Map<string, string>();
  readonly #sockets = new Set<Socket>();
  #pool: pg.Pool | null = null;

  constructor(connection: string | PostgresConnection, schema: string) {
    this.#config = { stream: () => this.#socket(), ...configOf(connection, schema) };
    const { host, database } = clientOf(this.#config);
    this.name = `postgres ${host}/${database ?? ''}`;
  }

  open(): void {
    const pool = new pg.Pool(this.#config);
    // A connection that breaks while nobody uses it is replaced when it is needed; without this it would end the process.
    pool.on('error', () => {});
    this.#pool = pool;
  }

  /** Ends all connections: in good order, and those that have not ended within `patience` by force. */
  async close(patience: number): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    if (pool === null) return;
    await within(patience, pool.end());
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Runs a statement; an error of the server's becomes one that names it and the way out. */
  readonly ask: Ask = (text, ...values) => usable(this.name, () => this.rawly(text, values));

  /** As `ask`, with errors as the driver throws them. */
  async rawly(text: string, values: readonly unknown[]): Promise<readonly Columns[]> {
    const { rows } = await this.#open().query<Columns>(this.#prepared(text, values));
    return rows;
  }

  /** Several statements in one transaction, none of them prepared. */
  transaction<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    return usable(this.name, async () => {
      const client = await this.#open().connect();
      // The connection may break between two statements, when nobody waits for an answer.
      const broken = (): void => {};
      client.on('error', broken);
      let failure: unknown;
      try {
        await client.query('begin');
        const done = await work(async (text, ...values) => {
          const { rows } = await client.query<Columns>(text, values.length === 0 ? undefined : [...values]);
          return rows;
        });
        await client.query('commit');
        return done;
      } catch (error) {
        failure = error;
        throw error;
      } finally {
        client.off('error', broken);
        // A connection that has failed in a transaction is thrown away, and the transaction with it.
        client.release(failure !== undefined);
      }
    });
  }

  /** A connection of its own, not connected yet. */
  client(): pg.Client {
    return clientOf(this.#config);
  }

  /** As the driver makes it, and known: a server that is gone without a word would keep the process alive for minutes. */
  #socket(): Socket {
    const socket = new Socket();
    this.#sockets.add(socket);
    return socket.once('close', () => this.#sockets.delete(socket));
  }

  #open(): pg.Pool {
    if (this.#pool === null) throw new Error(`${this.name} is not open`);
    return this.#pool;
  }

  #prepared(text: string, values: readonly unknown[]): pg.QueryConfig {
    let name = this.#names.get(text);
    if (name === undefined) {
      name = `signalbox ${this.#names.size + 1}`;
      this.#names.set(text, name);
    }
    return { name, text, values: [...values] };
  }
}

/** Resolves when `work` has ended, however it did, and after `ms` in any case. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = systemClock.wakeAfter(ms, resolve);
    const end = (): void => {
      cancel();
      resolve();
    };
    work.then(end, end);
  });
}

function configOf(connection: string | PostgresConnection, schema: string): pg.PoolConfig {
  const given: PostgresConnection = typeof connection === 'string' ? { connectionString: connection } : connection;
  const { connectionString, ...rest } = given;
  // What stands in a URL goes before what stands beside it, so options of the URL are taken out and put beside it.
  const inUrl = connectionString === undefined ? null : /([?&])options=([^&#]*)&?/.exec(connectionString);
  const theirs = inUrl === null ? (rest.options ?? process.env.PGOPTIONS ?? '') : decoded(inUrl[2] as string);
  const ours = [...SETTINGS, `search_path=${schema}`].map((setting) => `-c ${setting}`).join(' ');
  return {
    application_name: 'signalbox',
    connectionTimeoutMillis: 30_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    ...(rest as pg.PoolConfig),
    ...(connectionString === undefined
      ? {}
      : { connectionString: connectionString.replace(inUrl?.[0] ?? '', inUrl?.[1] ?? '') }),
    options: `${String(theirs)} ${ours}`.trim(),
    types: { getTypeParser: parserOf as never },
  };
}

/** Nothing is looked at but whether it can be read; errors of the driver's might repeat the password. */
function clientOf(config: pg.PoolConfig): pg.Client {
  try {
    return new pg.Client(config);
  } catch {
    throw new InvalidOption({
      option: 'connection',
      value: 'what was given',
      expected: `a URL like 'postgres://user:password@host:5432/database', in which a password has its special characters escaped (encodeURIComponent), or an object with "host", "user", "password", "database"`,
    });
  }
}

function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

/** JSON stays text: who reads a row says of which row it cannot be read. */
function parserOf(type: number): (value: string) => string | number | null {
  return NUMBERS.has(type) ? Number : String;
}

/** `int8`, `int2`, `int4`, `float4` and `float8`. */
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 700, 701]);
