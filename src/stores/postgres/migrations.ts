/** Brings a schema to the tables that this version knows, one process at a time; and refuses what it cannot use. */
import { StoreUnusable } from '../../errors/index.ts';
import { entriesIn } from '../entries.ts';
import { Rows } from './arrays.ts';
import { MIGRATIONS } from './schema.ts';
import type { Ask, Server } from './server.ts';

const SERVER = `
  select current_setting('server_version_num')::integer as version, current_setting('server_version') as called,
    current_setting('server_encoding') as encoding, current_setting('search_path') as path`;

const VERSION = `select max(version) as version from store_version`;

/** For the end of the transaction. The number stands for the schema, not for a row. */
const LOCK = `select pg_advisory_xact_lock(hashtextextended('signalbox ' || $1, 0))`;

const VERSIONS = `create table store_version (version integer primary key, since timestamptz not null default now())`;

const RECORD = `insert into store_version (version) values ($1)`;

/** Makes sure that `schema` has the tables of this version. Two processes that begin at once both find them. */
export async function migrate(server: Server, schema: string): Promise<void> {
  if (await isCurrent(server.name, schema, server.ask)) return;
  await server.transaction(async (ask) => {
    await ask(LOCK, schema);
    if (await isCurrent(server.name, schema, ask)) return;
    const [there] = await ask(`select 1 from pg_namespace where nspname = $1`, schema);
    // Not `if not exists`, for which one needs the right to create a schema even if it is there.
    if (there === undefined) await ask(`create schema ${schema}`);
    const known = await versionOf(ask);
    if (known === null) await ask(VERSIONS);
    for (let step = known ?? 0; step < MIGRATIONS.length; step += 1) {
      await ask(MIGRATIONS[step] as string);
      await FILLS[step]?.(ask);
      await ask(RECORD, step + 1);
    }
  });
}

/** What a migration cannot say in SQL: it fills tables that are new from rows that are there. By its index. */
const FILLS: { readonly [step: number]: ((ask: Ask) => Promise<void>) | undefined } = {
  1: fillMetadata,
};

const AT_ONCE = 1_000;
const SELECT_METADATA = `select number, metadata from runs where number > $1 and metadata is not null order by number limit ${AT_ONCE}`;
const INSERT_METADATA = `insert into run_metadata (entry, run) select * from unnest($1::text[], $2::bigint[])`;

async function fillMetadata(ask: Ask): Promise<void> {
  for (let after = '0', some = AT_ONCE; some === AT_ONCE; ) {
    const runs = await ask(SELECT_METADATA, after);
    const rows = new Rows(['text', 'long']);
    for (const { number, metadata } of runs) {
      after = String(number);
      for (const entry of entriesIn(metadata)) rows.push(entry, Number(number));
    }
    await ask(INSERT_METADATA, ...rows.arrays());
    some = runs.length;
  }
}

async function isCurrent(store: string, schema: string, ask: Ask): Promise<boolean> {
  const [{ version, called, encoding, path } = {}] = await ask(SERVER);
  const refuse = (reason: string): never => {
    throw new StoreUnusable({ store, reason });
  };
  if (Number(version) < 140_000)
    refuse(`it is Postgres ${called}, and the oldest that will do is 14. Upgrade the server.`);
  if (encoding !== 'UTF8')
    refuse(`its texts are ${encoding}, which has no place for every character. Create a database with encoding UTF8.`);
  // Tables would be made in whatever schema there is.
  if (path !== schema)
    refuse('what a connection is told at its start does not arrive: a pooler in between ignores it. Connect directly.');
  const found = await versionOf(ask);
  if ((found ?? 0) > MIGRATIONS.length) {
    refuse(
      `it was written by a newer signalbox (its tables are version ${found}, this one knows ${MIGRATIONS.length}). Update signalbox; nothing was changed.`,
    );
  }
  return found === MIGRATIONS.length;
}

async function versionOf(ask: Ask): Promise<number | null> {
  const [{ ours } = {}] = await ask(`select to_regclass('store_version')::text as ours`);
  if (ours === null) return null;
  const [{ version } = {}] = await ask(VERSION);
  return Number(version ?? 0);
}
