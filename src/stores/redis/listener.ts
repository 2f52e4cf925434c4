/**
 * Hears what other processes publish. The connection comes back by itself after a loss; what was published meanwhile
 * is not told again, so whoever listens is then told to look at everything.
 */
import { systemClock } from '../../clock.ts';
import type { News } from '../../store.ts';
import type { Address } from './address.ts';
import { type Client, connected } from './connection.ts';
import { fault } from './faults.ts';

/** After a loss it is tried again at once, and then after pauses up to this. */
const LONGEST_PAUSE = 2_000;
const FIRST_PAUSE = 50;
/** A connection that is silent for so long after it was asked is none any more. */
const PATIENCE = 5_000;

/** What is published: by whom, and what about. */
export function newsText(owner: string, about: News['about'], runs: readonly string[] = []): string {
  return JSON.stringify([owner, about, runs]);
}

export class Listener {
  readonly #address: Address;
  readonly #channel: string;
  readonly #owner: string;
  readonly #heard: (news: News) => void;
  #client: Client | null = null;
  #closed = false;
  #cancel: () => void = () => {};

  constructor(address: Address, channel: string, owner: string, heard: (news: News) => void) {
    this.#address = address;
    this.#channel = channel;
    this.#owner = owner;
    this.#heard = heard;
  }

  async open(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      throw fault(this.#address, error);
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    this.#client?.destroy();
    this.#client = null;
  }

  /** Looks whether the connection is still one: when the network drops packets, nobody says so. */
  async check(): Promise<void> {
    const client = this.#client;
    if (client === null) return;
    const cancel = systemClock.wakeAfter(PATIENCE, () => this.#lost(client));
    try {
      await client.ping();
    } catch {
      this.#lost(client);
    } finally {
      cancel();
    }
  }

  async #connect(): Promise<void> {
    const client = await connected(this.#address);
    try {
      await client.subscribe(this.#channel, (message) => this.#tell(message));
    } catch (error) {
      client.destroy();
      throw error;
    }
    if (this.#closed) return client.destroy();
    this.#client = client;
    client.on('terminated', () => this.#lost(client));
    if (!client.isReady) this.#lost(client);
  }

  #lost(client: Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    client.destroy();
    void this.#comeBack(0);
  }

  async #comeBack(pause: number): Promise<void> {
    if (pause > 0) {
      await new Promise<void>((resolve) => {
        this.#cancel = systemClock.wakeAfter(pause, resolve);
      });
    }
    if (this.#closed) return;
    try {
      await this.#connect();
    } catch {
      return await this.#comeBack(Math.min(Math.max(2 * pause, FIRST_PAUSE), LONGEST_PAUSE));
    }
    if (this.#closed) return;
    for (const about of ['commands', 'answers', 'released'] as const) this.#hear({ about });
  }

  #tell(message: string): void {
    const [owner, about, runs] = read(message);
    if (owner === this.#owner) return;
    if (about === 'runs') this.#hear({ about, runs });
    else if (about === 'commands' || about === 'answers' || about === 'released') this.#hear({ about });
  }

  #hear(news: News): void {
    try {
      this.#heard(news);
    } catch {
      // Whoever listens answers for that; the connection goes on.
    }
  }
}

function read(message: string): readonly [owner: unknown, about: unknown, runs: readonly string[]] {
  try {
    const [owner, about, runs] = JSON.parse(message) as unknown[];
    return [owner, about, Array.isArray(runs) ? (runs as string[]) : []];
  } catch {
    // Somebody else publishes here.
    return [null, null, []];
  }
}
