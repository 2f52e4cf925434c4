/**
 * The way to the server: connections, statements that are prepared once on each of them, and transactions. What a
 * connection can be told at its start stands here; what goes wrong with it is put in words by `words.ts`.
 */
import { Socket } from 'node:net';
import type pg from 'pg';
import { within } from '../../clock.ts';
import { driver } from '../driver.ts';
import { patienceFor } from '../patience.ts';
import type { Columns } from '../rows.ts';
import { type Client, clientClass, type Driver } from './client.ts';
import { PATIENCE, type PostgresConnection } from './options.ts';
import { placeOf, unreadable } from './place.ts';
import { Unanswered, usable } from './words.ts';

/**
 * How every connection of ours plans: prepared statements go by an index and are planned once. While a table is empty
 * the planner would choose to read all of it, and would still do so when there are millions of rows. A bitmap has no order, and a
 * page of a list is to end where it is full.
 */
const SETTINGS: readonly string[] = [
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_bitmapscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'jit=off',
  // A database can have another one set for all who connect. With it, commits of two processes would fail each other.
  'default_transaction_isolation=read\\ committed',
];

/**
 * How soon the server notices that nobody is there any more: a connection that is given up while the network is silent
 * is one for the server until it looks, which it does after two hours if nothing is said. Options that were given go before these.
 */
const LOOKING: readonly string[] = ['tcp_keepalives_idle=30', 'tcp_keepalives_interval=10', 'tcp_keepalives_count=3'];

/** What may take its time, and is waited for so much longer: to make tables, or to delete much. */
const LONGER = 20;

/** Runs a statement, and answers with its rows. */
export type Ask = (text: string, ...values: readonly unknown[]) => Promise<readonly Columns[]>;

/** The way to one schema of one database. */
export class Server {
  /** What messages call it. There is nothing of a password in it. */
  readonly name: string;
  /** For how long the server may say nothing while it is asked, in milliseconds. */
  readonly patience: number;
  readonly #config: pg.PoolConfig;
  readonly #names = new Map<string, string>();
  readonly #sockets = new Set<Socket>();
  /** Connections of the pool that nobody uses. */
  readonly #idle = new Set<pg.PoolClient>();
  #pool: pg.Pool | null = null;

  constructor(connection: string | PostgresConnection, schema: string, patience = PATIENCE) {
    this.patience = patience;
    this.#config = { stream: () => this.#socket(), ...configOf(connection, schema, patience) };
    this.name = `postgres ${placeOf(this.#config as PostgresConnection)}`;
  }

  async open(): Promise<void> {
    const pg = await loaded();
    const Client = clientClass(pg);
    checked(() => new Client(this.#config));
    const pool = new pg.Pool({ ...this.#config, Client });
    // A connection that breaks while nobody uses it is replaced when it is needed; without this it would end the process.
    pool.on('error', () => {});
    pool.on('release', (_, client) => void this.#idle.add(client));
    for (const over of ['acquire', 'remove'] as const) pool.on(over, (client) => void this.#idle.delete(client));
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

  /** As `ask`, for what takes long and nobody waits for. */
  readonly askLong: Ask = (text, ...values) =>
    usable(this.name, () => this.rawly(text, values, LONGER * this.patience));

  /** As `ask`, with errors as the driver throws them. */
  async rawly(text: string, values: readonly unknown[], patience = this.patience): Promise<readonly Columns[]> {
    const prepared = this.#prepared(text, values);
    const { rows } = await this.#using(patienceFor(sizeOf(values), patience), (client) =>
      client.query<Columns>(prepared),
    );
    return rows;
  }

  /** Several statements in one transaction, none of them prepared. */
  transaction<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    return usable(this.name, () =>
      this.#using(LONGER * this.patience, async (client) => {
        await client.query('begin');
        const done = await work(async (text, ...values) => {
          const { rows } = await client.query<Columns>(text, values.length === 0 ? undefined : [...values]);
          return rows;
        });
        await client.query('commit');
        return done;
      }),
    );
  }

  /** Uses a connection. One on which something has failed is thrown away, and a transaction with it. */
  async #using<T>(patience: number, work: (client: Client) => Promise<T>): Promise<T> {
    const client = (await this.#open().connect()) as Client & pg.PoolClient;
    // It may break when nobody waits for an answer, as between two statements.
    const broken = (): void => {};
    client.on('error', broken);
    let failed = true;
    try {
      const done = await client.within(patience, () => work(client));
      failed = false;
      return done;
    } catch (error) {
      if (error instanceof Unanswered) this.#giveUpIdle();
      throw error;
    } finally {
      client.off('error', broken);
      client.release(failed);
    }
  }

  /** Where one is dead the others are. Nobody is to wait for them again, for each as long. */
  #giveUpIdle(): void {
    for (const client of [...this.#idle]) (client as Client & pg.PoolClient).giveUp(new Unanswered(this.patience));
  }

  /** A connection of its own, not connected yet. */
  async client(): Promise<Client> {
    const Client = clientClass(await loaded());
    return checked(() => new Client(this.#config));
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

/** How much is sent with a statement, about. */
function sizeOf(values: readonly unknown[]): number {
  let size = 0;
  for (const value of values) if (typeof value === 'string' || value instanceof Buffer) size += value.length;
  return size;
}

function configOf(connection: string | PostgresConnection, schema: string, patience: number): pg.PoolConfig {
  const given: PostgresConnection = typeof connection === 'string' ? { connectionString: connection } : connection;
  const { connectionString, ...rest } = given;
  // What stands in a URL goes before what stands beside it, so options of the URL are taken out and put beside it.
  const inUrl = connectionString === undefined ? null : /([?&])options=([^&#]*)&?/.exec(connectionString);
  const theirs = inUrl === null ? (rest.options ?? process.env.PGOPTIONS ?? '') : decoded(inUrl[2] as string);
  const options = [optionsOf(LOOKING), String(theirs), optionsOf([...SETTINGS, `search_path=${schema}`])];
  return {
    application_name: 'signalbox',
    connectionTimeoutMillis: patience,
    idleTimeoutMillis: 60_000,
    // For those that nobody uses. A question that is under way keeps the system from looking.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    ...(rest as pg.PoolConfig),
    ...(connectionString === undefined
      ? {}
      : { connectionString: connectionString.replace(inUrl?.[0] ?? '', inUrl?.[1] ?? '') }),
    options: options.join(' '),
    types: { getTypeParser: parserOf as never },
  };
}

function optionsOf(settings: readonly string[]): string {
  return settings.map((setting) => `-c ${setting}`).join(' ');
}

async function loaded(): Promise<Driver> {
  return (await driver('pg', () => import('pg'))).default;
}

/** What the driver reads of the options, such as files of certificates. Its errors might repeat the password. */
function checked<T>(make: () => T): T {
  try {
    return make();
  } catch {
    throw unreadable();
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
