/** What a Postgres store is told: how the server is reached, and how the store is kept. No type of the driver is needed to say it. */
import type { Duration } from '../../duration.ts';

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
  /** How long to wait for a connection. Left out: 30 seconds. */
  readonly connectionTimeoutMillis?: number;
  readonly [option: string]: unknown;
}

/** How a Postgres store is kept. */
export interface PostgresOptions {
  /** The schema that has the tables; it is made if it is not there. Small letters, digits and `_`. Left out: `signalbox`. */
  readonly schema?: string;
  /** For how long runs that have ended are kept. Left out: for ever. */
  readonly keep?: Duration;
}
