/**
 * The connection to a server: made when it is needed, looked over each time, and given up when an answer does not come.
 *
 * The library's own reconnecting is off. It would keep commands back while the server is away, and its timers would
 * outlive a close; here the next command tries anew, and fails soon when nobody is there. Outside of `connection.ts`
 * and `listener.ts` nobody knows of the library.
 */
import type { RedisClientOptions } from '@redis/client';
import { systemClock } from '../../clock.ts';
import { StoreUnusable } from '../../errors/index.ts';
import { driver } from '../driver.ts';
import { patienceFor, whenSilent } from '../patience.ts';
import type { Address } from './address.ts';
import { Unanswered, factsOf, fault, refusalOf } from './faults.ts';
import type { Script } from './script.ts';

/** For how long a server that was asked may say nothing. One that hangs is to be told from one that works before leases end. */
const PATIENCE = 5_000;

/** What a server answers. */
export type Reply = string | number | null | readonly Reply[];

/** A client of the library, as far as it is used here. */
export type Client = Awaited<ReturnType<typeof clientOf>>;

/** A client that neither connects again by itself nor keeps anything back. */
async function clientOf({ socket, username, password, database }: Address) {
  const { createClient } = await driver('@redis/client', () => import('@redis/client'));
  const client = createClient({
    RESP: 2,
    socket: { ...socket, connectTimeout: PATIENCE, reconnectStrategy: false } as NonNullable<
      RedisClientOptions['socket']
    >,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    database,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: 0 },
  });
  // Whoever waits for an answer is told by it; an error that nobody listens to would end the process.
  client.on('error', () => {});
  return client;
}

/** A client that is connected; or an error soon, also where somebody listens who does not speak as Redis does. */
export async function connected(address: Address): Promise<Client> {
  const client = await clientOf(address);
  const cancel = systemClock.wakeAfter(PATIENCE, () => client.emit('error', new Unanswered(PATIENCE)));
  try {
    await Promise.race([
      client.connect(),
      new Promise((_, reject) => {
        client.once('error', reject);
      }),
    ]);
    return client;
  } catch (error) {
    client.destroy();
    throw fault(address, error);
  } finally {
    cancel();
  }
}

export class Connection {
  readonly #address: Address;
  /** What is to be done with each new connection before anything else. */
  readonly #greet: (connection: Connection) => Promise<void>;
  #client: Client | null = null;
  #connecting: Promise<Client> | null = null;
  #open = false;
  /** How often a command was answered. */
  #answers = 0;

  constructor(address: Address, greet: (connection: Connection) => Promise<void>) {
    this.#address = address;
    this.#greet = greet;
  }

  /** Connects, and looks whether the server can be used. */
  async open(): Promise<void> {
    this.#open = true;
    try {
      await this.#ready();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#open = false;
    this.#client?.destroy();
    this.#client = null;
  }

  /** The server's answer to one command. */
  async send<T extends Reply>(...command: readonly string[]): Promise<T> {
    return await this.#within(await this.#ready(), command);
  }

  /** The answers to several commands, which travel together. */
  async sendAll<T extends Reply>(commands: readonly (readonly string[])[]): Promise<readonly T[]> {
    const client = await this.#ready();
    return await Promise.all(commands.map((command) => this.#within<T>(client, command)));
  }

  /** Runs a script in the server. One that the server has forgotten is sent again: it has not run. */
  async run<T extends Reply>({ text, sha }: Script, keys: readonly string[], values: readonly string[]): Promise<T> {
    const client = await this.#ready();
    const rest = [String(keys.length), ...keys, ...values];
    try {
      return await this.#within(client, ['EVALSHA', sha, ...rest]);
    } catch (error) {
      if (!(error instanceof StoreUnusable) || !error.fields.reason.startsWith('NOSCRIPT')) throw error;
      return await this.#within(client, ['EVAL', text, ...rest]);
    }
  }

  async #within<T extends Reply>(client: Client, command: readonly string[]): Promise<T> {
    let length = 0;
    for (const value of command) length += value.length;
    const patience = patienceFor(length, PATIENCE);
    let late = false;
    // Answers come in their order: as long as there are others, this one may still come, and behind one that does not no other will.
    const answered = whenSilent(
      patience,
      () => this.#answers,
      () => {
        late = true;
        client.destroy();
      },
    );
    try {
      return (await client.sendCommand(command as string[])) as unknown as T;
    } catch (error) {
      // A replica since a failover, for one: the next command looks again who is there.
      if (error instanceof Error && /^(READONLY|MASTERDOWN)/.test(error.message)) client.destroy();
      throw fault(this.#address, late ? new Unanswered(patience) : error);
    } finally {
      this.#answers += 1;
      answered();
    }
  }

  async #ready(): Promise<Client> {
    if (!this.#open) throw new Error(`${this.#address.name} is not open`);
    if (this.#client?.isReady) return this.#client;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
    return await this.#connecting;
  }

  async #connect(): Promise<Client> {
    // What is dead is let go of, too: the library keeps a list of all its clients.
    this.#client?.destroy();
    this.#client = null;
    const client = await connected(this.#address);
    try {
      await this.#lookOver(client);
      if (!this.#open) throw new Error(`${this.#address.name} is not open`);
      this.#client = client;
      await this.#greet(this);
      return client;
    } catch (error) {
      client.destroy();
      if (this.#client === client) this.#client = null;
      throw error;
    }
  }

  async #lookOver(client: Client): Promise<void> {
    const facts = await this.#within<string>(client, ['INFO']).catch((error: unknown) => {
      // Some who rent out servers allow no INFO: then nothing can be looked over.
      if (error instanceof StoreUnusable && /NOPERM|unknown command/i.test(error.fields.reason)) return '';
      throw error;
    });
    const refusal = refusalOf(factsOf(facts));
    if (refusal !== null) throw new StoreUnusable({ store: this.#address.name, reason: refusal });
  }
}
