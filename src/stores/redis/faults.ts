/** What is wrong with a server, in words: from what Redis and the network say to a reason and a way out. */
import { SignalboxError, StoreUnusable, reasonOf } from '../../errors/index.ts';
import type { Address } from './address.ts';

/** By the first word of what the server answered. */
const ANSWERS: { readonly [word: string]: string } = {
  NOAUTH: 'it asks for a password, and the URL has none. Write it as redis://user:password@host:port',
  WRONGPASS: 'it refuses the user or the password. Look at the URL, and at ACL LIST on the server',
  NOPERM: 'the user may not do what a store has to do. Give it the rights that docs/redis.md lists',
  LOADING: 'it has only just started and is still reading its data. Wait until it has; nothing was lost',
  OOM: 'it is full (maxmemory). Give it more memory, or delete old runs; nothing was lost',
  READONLY: 'it is a replica and takes no writes. Let the URL name the primary',
  MISCONF: 'it cannot write its data to disk and takes no writes. Look at its log and at the disk',
  NOREPLICAS: 'it has fewer replicas than min-replicas-to-write asks for. Bring them back',
  MASTERDOWN: 'it is a replica that has lost its primary. Let the URL name the primary',
  BUSY: 'a script of another program keeps it busy. Look at its slow log',
  MOVED: 'it is a node of a cluster, and these keys are on another node. Let the URL name that one',
  CLUSTERDOWN: 'its cluster is down. Look at CLUSTER INFO',
  WRONGTYPE: 'a key with the prefix of this store holds something else. Give the store a prefix of its own',
};

/** By the code of Node's error. */
const NETWORK: { readonly [code: string]: string } = {
  ECONNREFUSED: 'nothing listens there. Start the server, or look at host and port',
  ENOTFOUND: 'there is no host of this name. Look at the URL',
  EAI_AGAIN: 'the name of the host could not be looked up. Look at the network',
  ENOENT: 'there is no such socket. Start the server, or look at the path',
  EACCES: 'this process may not use the socket. Look at its permissions',
  ECONNRESET: away('it closed the connection'),
  EPIPE: away('it closed the connection'),
  ETIMEDOUT: away('it does not answer'),
  EHOSTUNREACH: away('there is no way to it'),
};

/** By the name of the error of the client library. */
const CLIENT: { readonly [name: string]: string } = {
  ConnectionTimeoutError: away('it does not answer'),
  SocketClosedUnexpectedlyError: away('it closed the connection'),
  DisconnectsClientError: away('the connection was given up'),
  ClientClosedError: away('the connection is gone'),
  ClientOfflineError: away('the connection is gone'),
};

function away(what: string): string {
  return `${what}. Look whether the server runs and the network is there; the store goes on by itself when it is back`;
}

/** The server did not answer in time. */
export class Unanswered extends Error {
  constructor(ms: number) {
    super(away(`it did not answer within ${Math.round(ms / 1_000)} seconds`));
  }
}

/** An error of the server's, the network's or the library's as one that names the server and the way out. */
export function fault({ name, discreet }: Address, thrown: unknown): SignalboxError {
  if (thrown instanceof SignalboxError) return thrown;
  // Several addresses of one name were tried, and all failed alike.
  const error = thrown instanceof AggregateError ? (thrown.errors[0] as unknown) : thrown;
  const said = reasonOf(error);
  const { code = '' } = error as { readonly code?: string };
  const kind = (error as object)?.constructor?.name ?? '';
  const known = ANSWERS[/^-?([A-Z]+)\b/.exec(said)?.[1] ?? ''] ?? NETWORK[code] ?? CLIENT[kind];
  const reason = discreet(known === undefined ? said : `${known} (${said}).`);
  // What the server says to a command that is wrong, and this process to a value that cannot be sent.
  const isLasting =
    /^-?(ERR(?! max number of clients)|WRONGTYPE)\b/.test(said) ||
    error instanceof TypeError ||
    error instanceof RangeError;
  // What the library attaches to its errors is not known, so an error that tells a secret does not go along.
  return new StoreUnusable({ store: name, reason, isLasting }, discreet(said) === said ? error : undefined);
}

/** Lines of INFO by their name. */
export function factsOf(info: string): ReadonlyMap<string, string> {
  return new Map([...info.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name, value]) => [name as string, value as string]));
}

/** Why a server that answers must not be used all the same, or null. */
export function refusalOf(facts: ReadonlyMap<string, string>): string | null {
  const version = facts.get('redis_version');
  if (version !== undefined && Number.parseInt(version, 10) < 7) {
    return `it is Redis ${version}, and its scripts can fail in their middle. Take Redis or Valkey 7 or later.`;
  }
  if (facts.get('loading') === '1') return `${ANSWERS.LOADING}.`;
  if (facts.get('role') === 'slave') {
    const [host, port] = [facts.get('master_host'), facts.get('master_port')];
    return `it is a replica of ${host}:${port}, and what is written to it is lost or refused. Let the URL name the primary.`;
  }
  const policy = facts.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    return `it throws data away when its memory is full (maxmemory-policy is ${policy}), runs as well. Set it to noeviction: CONFIG SET maxmemory-policy noeviction, and the same in redis.conf.`;
  }
  return null;
}
