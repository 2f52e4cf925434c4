/**
 * Where a server is, read from a URL; and what messages may say of it. A password stands in the URL and in no name,
 * message or field of an error.
 */
import { InvalidOption } from '../../errors/index.ts';

/** A server, taken apart. */
export interface Address {
  /** `redis HOST:PORT/DB`. */
  readonly name: string;
  readonly socket:
    | { readonly host: string; readonly port: number; readonly tls: boolean }
    | { readonly path: string; readonly tls: false };
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** `text` with whatever is secret in the URL taken out of it. */
  discreet(text: string): string;
}

const EXPECTED = `a URL like 'redis://localhost:6379', 'rediss://user:password@host:6380/1' or 'unix:///run/redis.sock?db=1'`;

export function addressOf(url: string): Address {
  const parsed = parse(url);
  if (parsed === null) throw new InvalidOption({ option: 'url', value: withoutSecrets(url), expected: EXPECTED });
  const { host, port, path, tls, username, password, database } = parsed;
  const place = path === undefined ? `${host}:${port}` : `unix:${path}`;
  // As it was written and as it is meant: percent signs may stand for something.
  const secrets = [password, password && encodeURIComponent(password)].filter(
    (each) => each !== undefined && each !== '',
  );
  return {
    name: `redis ${place}/${database}`,
    socket: path === undefined ? { host: host.replace(/^\[(.*)\]$/, '$1'), port, tls } : { path, tls: false },
    username,
    password,
    database,
    discreet: (text) => secrets.reduce<string>((left, secret) => left.replaceAll(secret as string, '•••'), text),
  };
}

interface Parsed {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
}

const SOCKET = /^unix:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?(\/[^?#]+)(?:\?db=(\d+))?$/;

function parse(url: unknown): Parsed | null {
  if (typeof url !== 'string') return null;
  try {
    const socket = SOCKET.exec(url);
    if (socket !== null) {
      const [, username, password, path, database] = socket;
      const at = { host: '', port: 0, path: decodeURIComponent(path as string), tls: false };
      return { ...at, username: text(username), password: text(password), database: Number(database ?? 0) };
    }
    const { protocol, hostname, port, username, password, pathname } = new URL(url);
    const database = pathname === '' || pathname === '/' ? '0' : pathname.slice(1);
    if ((protocol !== 'redis:' && protocol !== 'rediss:') || hostname === '' || !/^\d+$/.test(database)) return null;
    const at = { host: hostname, port: port === '' ? 6379 : Number(port), tls: protocol === 'rediss:' };
    return { ...at, username: text(username), password: text(password), database: Number(database) };
  } catch {
    // Not a URL, or percent signs that stand for nothing. The error would show the whole of it.
    return null;
  }
}

function text(encoded: string | undefined): string | undefined {
  return encoded === undefined || encoded === '' ? undefined : decodeURIComponent(encoded);
}

/** Of a URL that cannot be read nobody knows where in it the password stands. */
function withoutSecrets(url: unknown): unknown {
  if (typeof url !== 'string' || url === '') return url;
  return `${/^[a-z][a-z+.-]*:\/\//i.exec(url)?.[0] ?? ''}…`;
}
