/** What is wrong with a server, in words: from codes of Postgres and of the network to a reason and a way out. */
import { fromMs } from '../../duration.ts';
import { SignalboxError, StoreUnusable, reasonOf } from '../../errors/index.ts';

const AWAY = 'nothing answers there. Look whether the server runs, and at host and port; what was committed is safe';
const BROKEN =
  'the connection broke while it was used. Whether the server did what it was told is not known; the next try connects anew';
const SILENT =
  'the network drops what is sent, or the server hangs. Look at both; whether it did what it was told is not known, and the next try connects anew. If it is only slow, give the store a longer "patience"';
const PERMISSION =
  'its user may not do that. The user needs a schema of its own, or the right to create one (`grant create on database … to …`)';

const REASONS: { readonly [code: string]: string } = {
  ECONNREFUSED: AWAY,
  EHOSTUNREACH: AWAY,
  ENETUNREACH: AWAY,
  ETIMEDOUT: AWAY,
  ENOENT: AWAY,
  ENOTFOUND: 'no host has this name. Look at the name',
  EAI_AGAIN: 'the name of the host cannot be looked up at this moment. Look at the name, and at the network',
  ECONNRESET: BROKEN,
  EPIPE: BROKEN,
  '08006': BROKEN,
  '08003': BROKEN,
  '28P01': 'it refuses the password. Look at user and password',
  '28000': 'it does not let this user in. Look at the user, at `pg_hba.conf`, and whether it wants `sslmode=require`',
  '3D000': 'there is no such database. Create it (`createdb`), or look at the name',
  '42501': PERMISSION,
  '53300': 'it has no connection left. Give the store a smaller "max", or the server more `max_connections`',
  '53100': 'its disk is full. Make room; nothing was lost',
  '54000': 'an id, a key or a path is too long to be looked up by. Up to 2,600 bytes are sure to fit',
  '25006': 'it takes no writes: a standby, or read-only. Connect to the primary',
  '57P01': 'it is being shut down, or somebody has ended the connection. The next try connects anew',
  '57P02': 'it crashed, and is on its way back. What was committed is safe',
  '57P03': 'it is starting, or shutting down. What was committed is safe',
  '57014': 'it cancelled the statement, for its `statement_timeout` or by hand. Give the user a longer one',
  '42P07': 'the schema has tables of another program. Give the store a schema of its own',
  '42P01':
    'a table of ours is not there. Somebody dropped it, or a pooler gives each transaction another connection: connect directly, or let it pool sessions',
  '26000': 'a pooler gives each transaction another connection. Connect directly, or let it pool sessions',
};

/** Errors of the driver that have no code. */
const WITHOUT_CODE: readonly (readonly [RegExp, string])[] = [
  [/timeout exceeded when trying to connect|terminated due to connection timeout|^timeout expired/, AWAY],
  [/terminated unexpectedly|not queryable|Client was closed|Connection terminated/, BROKEN],
  [/^Query read timeout/, SILENT],
  [
    /password must be a|no password/i,
    'it wants a password, and none was given. Put it into the URL, or give "password"',
  ],
  [/does not support SSL/, 'it does not speak TLS. Leave `sslmode` out, or turn on TLS there'],
  [
    /unsupported startup parameter/,
    'a pooler is in between that pools transactions. Connect directly, or let it pool sessions',
  ],
];

/** Classes of codes that would come again: what the statement or its values are, or what is broken in the server's files. */
const LASTING = /^(0A|21|22|23|42|54|XX)/;

/** The server has said nothing for so many milliseconds that its connection was given up. */
export class Unanswered extends Error {
  constructor(ms: number) {
    super(`it did not answer for ${fromMs(ms)}: ${SILENT}.`);
  }
}

/** Does something with the server; an error of the driver's becomes one that names the server and the way out. */
export async function usable<T>(store: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw inWords(store, error);
  }
}

/** An error of the driver's as one of ours. */
export function inWords(store: string, error: unknown): SignalboxError {
  if (error instanceof SignalboxError) return error;
  if (error instanceof Unanswered) return new StoreUnusable({ store, reason: error.message }, error);
  const said = saidBy(error);
  const code = codeOf(error);
  const known = REASONS[code] ?? WITHOUT_CODE.find(([pattern]) => pattern.test(said))?.[1];
  const reason = known === undefined ? said : `${known} (${said}).`;
  // A right is granted by somebody, as room is made on a disk.
  const isLasting =
    (LASTING.test(code) && code !== '42501') || error instanceof TypeError || error instanceof RangeError;
  return new StoreUnusable({ store, reason, isLasting }, error);
}

/** The code of Postgres or of the network; an empty text if there is none. */
export function codeOf(error: unknown): string {
  const { code } = (firstOf(error) ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** What Postgres says beside its message; `{}` if there is nothing. */
export function detailOf(error: unknown): string {
  const { detail } = (firstOf(error) ?? {}) as { readonly detail?: unknown };
  return typeof detail === 'string' ? detail : '{}';
}

function saidBy(error: unknown): string {
  return reasonOf(firstOf(error)).replace(/\.$/, '');
}

/** A host with several addresses fails once for each of them, and the error around these says nothing. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError && error.message === '' ? error.errors[0] : error;
}
