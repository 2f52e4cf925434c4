/** What a Postgres store is told: how the server is reached, and how the store is kept. No type of the driver is needed to say it. */
import { type Duration, toMs } from '../../duration.ts';
import { InvalidOption } from '../../errors/index.ts';

/** How a server is reached: what `pg.Pool` takes, and whatever else it takes is handed on to it. */
export interface PostgresConnection {
  /** As in a URL: `postgres://user:password@host:5432/database?sslmode=require`. */
  readonly connectionString?: string;
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  /** A function is asked anew for every connection, for passwords that change. */
  readonly password?: string | (() => string | Promise<string>);
  readonly database?: string;
  readonly ssl?: boolean | object;
  /** How many connections there may be at once; one more listens. Left out: 10. */
  readonly max?: number;
  /** How long to wait for a connection. Left out: as long as `patience` says. */
  readonly connectionTimeoutMillis?: number;
  readonly [option: string]: unknown;
}

/** How a Postgres store is kept. */
export interface PostgresOptions {
  /** The schema that has the tables; it is made if it is not there. Small letters, digits and `_`. Left out: `signalbox`. */
  readonly schema?: string;
  /** For how long runs that have ended are kept. Left out: for ever. */
  readonly keep?: Duration;
  /**
   * For how long the server may say nothing while it is asked, up to a day. Then the connection is given up, whoever asked is told
   * `store-unusable`, and the next try connects anew. Left out: 30 seconds. A server in good order answers within milliseconds, and one
   * whose disk is busy, or that has just failed over, within seconds; and a process must not stand for the quarter of an hour that
   * the system takes to notice a network which drops what is sent. One that is too short loses nothing: a commit that goes
   * on over there is waited for before anything else.
   */
  readonly patience?: Duration;
}

export const PATIENCE = 30_000;
const DAY = 86_400_000;

/** Milliseconds of `patience`. */
export function patienceOf(patience: Duration = PATIENCE): number {
  const ms = toMs(patience, 'patience');
  if (ms >= 1 && ms <= DAY) return ms;
  throw new InvalidOption({ option: 'patience', value: patience, expected: `a time of up to a day, like '30s'` });
}
