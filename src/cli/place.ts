/** Where the runs are: what `--store` says, and the store that this becomes. Drivers of servers are loaded when a server is asked for. */
import { existsSync } from 'node:fs';
import type { Store } from '../store.ts';
import { type CliCall, Misuse } from './command.ts';

/** A place that keeps runs. */
export interface RunsPlace {
  /** A file is one process's; a server is shared. */
  readonly isFile: boolean;
  /** The path of a file. What leads to a server may have a password in it, and is not said again. */
  readonly name: string;
  /** A store on it that is not open yet; `look`: it is only to be read. */
  store(look: boolean): Promise<Store>;
}

const FORMS = 'a SQLite file (runs.db, sqlite:PATH), postgres://… or redis://…';

/** What `--store` or SIGNALBOX_STORE names; null if nothing is said. */
export function runsPlaceOf(call: CliCall): RunsPlace | null {
  const text = call.text('store') ?? call.terminal.env.SIGNALBOX_STORE;
  if (text === undefined || text === '') return null;
  const [schema, prefix] = [call.text('schema'), call.text('prefix')];
  if (/^postgres(ql)?:\/\//.test(text)) {
    return onServer(async () => {
      const { postgres } = await import('../stores/postgres/index.ts');
      return postgres(text, schema === undefined ? {} : { schema });
    });
  }
  if (/^(rediss?|unix):\/\//.test(text)) {
    return onServer(async () => {
      const { redis } = await import('../stores/redis/index.ts');
      return redis(text, prefix === undefined ? {} : { prefix });
    });
  }
  const file = text.startsWith('sqlite:') ? text.slice('sqlite:'.length) : /\.(db|sqlite3?)$/.test(text) ? text : '';
  if (file === '' || file === ':memory:') throw new Misuse(`"${text}" is no store: say ${FORMS}`);
  // A box would make it, and then there would be an empty store where a word was misspelt.
  if (!existsSync(file)) throw new Misuse(`${file}: there is no such file; runs are kept where sqlite(…) says`);
  return {
    isFile: true,
    name: file,
    async store(look) {
      if (look) return (await import('../stores/sqlite/look.ts')).sqliteLook(file);
      return (await import('../stores/sqlite/index.ts')).sqlite(file);
    },
  };
}

function onServer(store: () => Promise<Store>): RunsPlace {
  return { isFile: false, name: 'the server', store };
}

/** What is said where nobody has said where the runs are. */
export const NO_PLACE = `--store is missing: say ${FORMS}, or set SIGNALBOX_STORE`;
