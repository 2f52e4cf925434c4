/**
 * Where a connection leads to: what messages call the store, and whether it can be read at all. The driver would do it too, but
 * is only loaded when the store is opened; it takes a URL without a scheme for something else than what was meant.
 */
import { InvalidOption } from '../../errors/index.ts';
import type { PostgresConnection } from './options.ts';

interface Place {
  readonly host?: string | null | undefined;
  readonly database?: string | null | undefined;
  readonly user?: string | null | undefined;
}

/** `HOST/DATABASE`, without a word of a password. */
export function placeOf(given: PostgresConnection): string {
  const url: Place = given.connectionString === undefined ? {} : read(given.connectionString);
  const { PGHOST, PGDATABASE, PGUSER, USER } = process.env;
  const host = url.host || given.host || PGHOST || 'localhost';
  const database = url.database || given.database || PGDATABASE || url.user || given.user || PGUSER || USER || '';
  return `${host}/${database}`;
}

/** Nothing is looked at but whether it can be read: an error that shows it would show the password. */
export function unreadable(): InvalidOption {
  return new InvalidOption({
    option: 'connection',
    value: 'what was given',
    expected: `a URL like 'postgres://user:password@host:5432/database', in which a password has its special characters escaped (encodeURIComponent), or an object with "host", "user", "password", "database"`,
  });
}

function read(text: string): Place {
  if (typeof text !== 'string') throw unreadable();
  // The folder of a socket, and a database.
  if (text.startsWith('/')) {
    const [host, database] = text.split(' ');
    return { host, database };
  }
  if (!/^(?:postgres|postgresql|socket):/i.test(text)) throw unreadable();
  try {
    const { protocol, hostname, pathname, username, password, searchParams } = urlOf(text);
    decodeURIComponent(password);
    if (protocol === 'socket:') return { host: decodeURI(pathname), database: searchParams.get('db') };
    return {
      host: searchParams.get('host') || decodeURIComponent(hostname).replace(/^\[(.+)\]$/, '$1'),
      database: decodeURI(pathname.slice(1)),
      user: searchParams.get('user') || decodeURIComponent(username),
    };
  } catch {
    throw unreadable();
  }
}

/** A user may stand before no host at all, and percent signs for themselves, as the driver has it. */
function urlOf(text: string): URL {
  const escaped = text.replace(/%(?![0-9a-f]{2})/gi, '%25').replaceAll(' ', '%20');
  if (URL.canParse(escaped)) return new URL(escaped);
  const url = new URL(escaped.replace('@/', '@localhost/'));
  url.hostname = '';
  return url;
}
